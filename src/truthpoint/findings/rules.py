"""The catalogue of rules: every code a finding can carry, with its standing words.

The reference page of findings is drawn from this table; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .of_records import OF_RECORDS
from .severity import Severity


class Topic(StrEnum):
    """What a rule is about."""

    CONTRACT = "contract"
    RECORD = "record"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The standing words of one code.

    Attributes:
        code: Stable name in snake_case.
        topic: What it is about.
        severity: Of every finding with this code.
        consequence: What happens because of it; a full sentence.
        fix: What to do; a full sentence.
    """

    code: str
    topic: Topic
    severity: Severity
    consequence: str
    fix: str


_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
_NOT_LOADED = "The contract does not load."

_CONTRACT: Final = (
    ("not_yaml", _ERROR, _NOT_LOADED, "Mend the YAML at this place."),
    ("not_utf8", _ERROR, _NOT_LOADED, "Save the file as UTF-8."),
    ("empty_contract", _ERROR, _NOT_LOADED, "Write one to start from: `truthpoint init`."),
    ("duplicate_key", _ERROR, _NOT_LOADED, "Keep one of the two; YAML would silently use one."),
    ("unknown_key", _ERROR, _NOT_LOADED, "Remove the key or correct its name."),
    (
        "not_supported",
        _ERROR,
        _NOT_LOADED,
        "The key is known but this version does not build it yet: remove it for now.",
    ),
    (
        "waiting",
        _INFO,
        "The contract loads; the key is known and in order, and waits for a later version.",
        "Nothing to do: leave it, and it is in force once its rule is built.",
    ),
    (
        "critical_could_be_held",
        _ERROR,
        "The contract loads; what is said of money would wait until its person is known.",
        "Say `quarantine` without `hold` for these links; an order, tied by `links`, may be held.",
    ),
    (
        "bad_catalog",
        _ERROR,
        _NOT_LOADED,
        "Mend the CSV file: the first line names the columns, each row is named once.",
    ),
    ("missing_key", _ERROR, _NOT_LOADED, "Add the key."),
    ("wrong_type", _ERROR, _NOT_LOADED, "Write the kind of value that is asked for."),
    ("bad_name", _ERROR, _NOT_LOADED, "Use lower-case letters, digits and underscores."),
    ("bad_value", _ERROR, _NOT_LOADED, "Use one of the values that are allowed here."),
    ("reserved_name", _ERROR, _NOT_LOADED, "Choose another name for the property."),
    ("unknown_type", _ERROR, _NOT_LOADED, "Use a built-in type or one declared under `types`."),
    ("type_cycle", _ERROR, _NOT_LOADED, "Break the cycle: a type cannot contain itself."),
    (
        "required_or_default",
        _ERROR,
        _NOT_LOADED,
        "Say `required: true` or give a `default`, so that every payload is total.",
    ),
    ("bad_default", _ERROR, _NOT_LOADED, "Give a default of the property's own type."),
    ("bad_pattern", _ERROR, _NOT_LOADED, "Write a regular expression that compiles."),
    ("not_a_property", _ERROR, _NOT_LOADED, "Name a property of the event, or declare it."),
    ("key_not_usable", _ERROR, _NOT_LOADED, "A key needs required properties of a plain type."),
    ("unknown_event", _ERROR, _NOT_LOADED, "Name an event of this contract."),
    ("unknown_source", _ERROR, _NOT_LOADED, "Name a source of this contract."),
    ("owner_needed", _ERROR, _NOT_LOADED, "Name the `owner`: the one source that may emit it."),
    (
        "rollup_without_key",
        _ERROR,
        _NOT_LOADED,
        "Give the event a `key`: without one a repeat cannot be told from a new moment.",
    ),
    ("unknown_rollup", _ERROR, _NOT_LOADED, "Name a rollup of this contract."),
    ("rollup_property", _ERROR, _NOT_LOADED, "Sum a money, integer or number property."),
    ("rollup_name_taken", _ERROR, _NOT_LOADED, "A rollup and an attribute need different names."),
    ("wire_name_taken", _ERROR, _NOT_LOADED, "Give each event a wire name of its own."),
    ("too_long", _ERROR, _NOT_LOADED, "Shorten the name to what Customer.io takes."),
    (
        "unquoted_secret",
        _ERROR,
        _NOT_LOADED,
        'Quote it: `"${NAME}"`. Without quotes YAML reads the braces as a mapping.',
    ),
    (
        "secret_literal",
        _ERROR,
        _NOT_LOADED,
        'Name an environment variable instead: `"${NAME}"`; a contract is kept in version control.',
    ),
    ("workspace_url", _ERROR, _NOT_LOADED, "Give `local` a loopback `url`, others a `region`."),
)

_DELIVERY: Final = (
    (
        "no_environment_id",
        _WARNING,
        "The peer does not say which workspace it is, so the store is bound to its URL alone.",
        "Expected of a benchmark's sink; otherwise check the `url` of the local workspace.",
    ),
    (
        "workspace_silent",
        _WARNING,
        "Nothing is delivered yet; it is asked again until it answers.",
        "Start the workspace (`up` brings a local one), or check its address and the network.",
    ),
    (
        "delivery_stopped",
        _ERROR,
        "Deciding goes on, and the workspace is asked again now and then.",
        "After a change of the contract or of the environment start the worker again.",
    ),
    (
        "delivery_resumed",
        _INFO,
        "What waited goes out now, in its order.",
        "Look for what was the cause.",
    ),
    (
        "journal_set_back",
        _WARNING,
        "What it lost stays as it was decided; what was captured since is decided now.",
        "Look for the cause: a loss of power, or a journal.db put back from a backup.",
    ),
    (
        "erasure_verified",
        _INFO,
        "Nobody is found there by what named them, and nothing is known of them here.",
        "Nothing to do.",
    ),
    (
        "erasure_not_verified",
        _WARNING,
        "What was known here is removed; the profile at Customer.io may still be there.",
        "Look for it there by its id and email; erase it again if something else made it anew.",
    ),
    (
        "merge_verified",
        _INFO,
        "Of the two, one is there; whether the second ever was cannot be seen any more.",
        "Nothing to do.",
    ),
    (
        "merge_unverified",
        _WARNING,
        "What is there may not be what a merge leaves; nothing is sent for the second any more.",
        "Look for both at Customer.io; give the workspace an `app_key` to have it looked up.",
    ),
    (
        "rollups_changed",
        _WARNING,
        "Totals under the new definition count only what is decided from now on.",
        "Run `truthpoint recompute --mend` once: it computes all totals anew from the ledger.",
    ),
    (
        "url_ignored",
        _WARNING,
        "`up` delivers to the workspace that it starts.",
        "Remove the `url`, or use `work` to deliver to it.",
    ),
)


def _rules(topic: Topic, rows: tuple[tuple[str, Severity, str, str], ...]) -> dict[str, Rule]:
    return {
        code: Rule(code=code, topic=topic, severity=severity, consequence=consequence, fix=fix)
        for code, severity, consequence, fix in rows
    }


RULES: Final[dict[str, Rule]] = {
    **_rules(Topic.CONTRACT, _CONTRACT),
    **_rules(Topic.RECORD, OF_RECORDS),
    **_rules(Topic.DELIVERY, _DELIVERY),
}
"""Code to rule."""
