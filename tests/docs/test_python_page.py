"""The page of the Python face names what there is, and its examples run."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import truthpoint
from support.pages import ROOT
from support.shop import CONTRACT
from truthpoint.testing import Captured, Capturing, capturing

PAGE = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([A-Za-z_.]+)", PAGE))
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def _parameters(call) -> dict[str, object]:
    found = inspect.signature(call).parameters.values()
    return {one.name: one.default for one in found if one.name not in ("self", "event", "more")}


def test_every_public_name_is_on_the_page():
    """What is not in `__all__` is not public, and what is public is explained."""
    assert set() == set(truthpoint.__all__) - NAMED
    assert all(hasattr(truthpoint, name) for name in truthpoint.__all__)
    assert not hasattr(truthpoint, "nothing_of_this_name")


@pytest.mark.parametrize(
    "call",
    [
        truthpoint.open,
        truthpoint.open_async,
        truthpoint.open_recorder,
        truthpoint.Tracker.identify,
        truthpoint.Tracker.track,
        truthpoint.Tracker.link,
        truthpoint.Tracker.merge,
        truthpoint.Tracker.erase,
        truthpoint.Tracker.consent,
        capturing,
    ],
)
def test_every_argument_is_on_the_page(call):
    """By its name, as code."""
    examples = " ".join(re.findall(r"(\w+)=", PAGE))

    assert set() == {one for one in _parameters(call) if one not in NAMED | {*examples.split()}}


def test_both_faces_open_alike_with_the_defaults_that_the_page_shows():
    """The table's defaults are those of the signature."""
    blocking, twin = (_parameters(one) for one in (truthpoint.open, truthpoint.open_async))
    shown = {
        name: re.search(rf'^\| `{name}` \| `"(\w+)"`', PAGE, re.MULTILINE)
        for name in ("durability", "on_invalid", "on_failure")
    }

    assert blocking == twin
    assert {name: blocking[name] for name in shown} == {
        name: found and found[1] for name, found in shown.items()
    }


def test_every_result_and_every_part_of_a_receipt_is_on_the_page():
    """Also of what the capture fixture gives."""
    names = {one.value for one in truthpoint.ResultKind}
    names |= {one for one in dir(truthpoint.Receipt) if not one.startswith("_")}
    names |= set(truthpoint.Finding.__struct_fields__) | {one.name for one in fields(Captured)}
    members = {one for one in vars(Capturing) if not one.startswith("_")}

    assert set() == names - NAMED
    assert set() == {one for one in members if f"Capturing.{one}" not in NAMED}


def test_the_examples_run_as_they_stand(tmp_path, monkeypatch):
    """In their order, in a folder with the example contract."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tracking.yaml").write_text(CONTRACT.read_text(encoding="utf-8"))
    known = {"truthpoint": truthpoint, "Decimal": Decimal, "signed_up_at": datetime.now(UTC)}
    results = []
    for block in BLOCKS:
        exec(block, known)
        results.append(getattr(known.get("receipt"), "result", None))
    known["tracker"].close()

    # The last block says who somebody is: its calls return receipts that it does not look at.
    assert [None, "accepted", "accepted", "accepted"] == results
