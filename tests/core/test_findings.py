"""A finding as text and as JSON, whole; and what the catalogue of rules promises."""

from __future__ import annotations

import re

import pytest

from truthpoint.findings import RULES, Severity, Where, as_json, as_text, finding, has_errors


@pytest.mark.parametrize(
    ("where", "head", "spot"),
    [
        (Where(), "", {}),
        (Where(path="person.id"), "person.id: ", {"path": "person.id"}),
        (Where(file="a.yaml"), "a.yaml: ", {"file": "a.yaml"}),
        (
            Where(file="a.yaml", line=3, column=7, path="shop"),
            "a.yaml:3:7 shop: ",
            {"file": "a.yaml", "line": 3, "column": 7, "path": "shop"},
        ),
        (Where(line=3), "3: ", {"line": 3}),
    ],
)
def test_a_finding_is_told_whole(where: Where, head: str, spot: dict[str, object]) -> None:
    """Place, severity, code, evidence; then consequence and fix. JSON has the same parts."""
    one = finding("bad_name", "`Shop` cannot name an event.", where=where)

    assert (
        f"{head}error bad_name: `Shop` cannot name an event.\n"
        "    The contract does not load. Use lower-case letters, digits and underscores."
    ) == as_text(one)
    assert {
        "code": "bad_name",
        "severity": "error",
        "where": spot,
        "evidence": "`Shop` cannot name an event.",
        "consequence": "The contract does not load.",
        "fix": "Use lower-case letters, digits and underscores.",
    } == as_json(one)


def test_better_advice_takes_the_place_of_the_rules() -> None:
    """The rest stays the rule's own."""
    one = finding("duplicate", "A repeat of record 1.", fix="Sleep well.")

    assert ("Sleep well.", Severity.INFO) == (one.fix, one.severity)
    assert RULES["duplicate"].consequence == one.consequence


def test_a_code_outside_the_catalogue_is_a_defect() -> None:
    """It is never made up on the way."""
    with pytest.raises(KeyError, match=r"^'made_up'$"):
        finding("made_up", "It is.")


def test_only_errors_are_errors() -> None:
    """Warnings and remarks stop nothing."""
    warning, remark = finding("conflict", "x"), finding("duplicate", "x")

    assert not has_errors([])
    assert not has_errors([warning, remark])
    assert has_errors([remark, finding("not_json", "x")])


@pytest.mark.parametrize("code", RULES)
def test_a_rule_is_named_in_snake_case_and_speaks_in_sentences(code: str) -> None:
    """Its code is its key; consequence and fix are full sentences."""
    rule = RULES[code]

    assert code == rule.code
    assert re.fullmatch("[a-z]+(_[a-z0-9]+)*", code)
    for words in (rule.consequence, rule.fix):
        assert re.fullmatch(r"[A-Z`].*[^.]\.", words, re.DOTALL), words
