"""The catalogue of rules: every code a finding can carry, with its standing words.

The reference page of findings is drawn from this table; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """Refused or quarantined; the command line ends with 1."""
    WARNING = "warning"
    """Goes on, but is likely not what was meant."""
    INFO = "info"
    """Worth knowing."""


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
_QUARANTINED = "The record goes to quarantine with its bytes and all reasons."

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
        "Say `quarantine` without `hold` for these links; what an event ties for good by its own "
        "`links`, such as an order, may be held.",
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

_RECORD: Final = (
    ("not_json", _ERROR, _QUARANTINED, "Write one JSON object a line."),
    ("not_text", _ERROR, _QUARANTINED, "Send UTF-8; this line holds bytes that are not."),
    (
        "key_repeated",
        _ERROR,
        _QUARANTINED,
        "Write each key once: of two values, one would silently be lost.",
    ),
    ("not_an_object", _ERROR, _QUARANTINED, "Write one JSON object a line."),
    ("record_too_deep", _ERROR, _QUARANTINED, "Flatten it: a record is nested 64 levels at most."),
    (
        "unknown_record_type",
        _ERROR,
        _QUARANTINED,
        "Use `identify`, `track`, `link`, `merge`, `erase` or `consent`.",
    ),
    (
        "record_type_not_supported",
        _ERROR,
        _QUARANTINED,
        "This version does not act on records of this type; replay it after upgrading.",
    ),
    ("record_key_missing", _ERROR, _QUARANTINED, "Add the key."),
    ("record_key_unknown", _ERROR, _QUARANTINED, "Remove the key or correct its name."),
    ("record_key_type", _ERROR, _QUARANTINED, "Write the kind of value that is asked for."),
    ("source_unknown", _ERROR, _QUARANTINED, "Declare the source in the contract, or correct it."),
    (
        "source_not_its_own",
        _ERROR,
        _QUARANTINED,
        "Leave `source` out, or send the record with a key of the source that it names.",
    ),
    ("event_unknown", _ERROR, _QUARANTINED, "Declare the event in the contract, or correct it."),
    ("version_unknown", _ERROR, _QUARANTINED, "Send a version that the contract declares."),
    (
        "person_unresolved",
        _ERROR,
        _QUARANTINED,
        "Send the canonical id in `person`; replay the record once it can carry one.",
    ),
    ("person_link_unknown", _ERROR, _QUARANTINED, "Declare the link under `person.links`."),
    (
        "person_id_pattern",
        _ERROR,
        _QUARANTINED,
        "Send the canonical id that the contract names, not another identifier.",
    ),
    ("person_id_too_long", _ERROR, _QUARANTINED, "Customer.io takes ids of at most 150 bytes."),
    (
        "person_id_control",
        _ERROR,
        _QUARANTINED,
        "Take line ends, NUL and other control characters out of the id.",
    ),
    ("time_unreadable", _ERROR, _QUARANTINED, "Write ISO 8601 with an offset."),
    (
        "time_naive",
        _ERROR,
        _QUARANTINED,
        "Add the offset (`Z` or `+02:00`): Customer.io would silently use the present instead.",
    ),
    ("time_out_of_range", _ERROR, _QUARANTINED, "Check the clock and the unit of the source."),
    ("property_missing", _ERROR, _QUARANTINED, "Send the property; the contract requires it."),
    (
        "property_unknown",
        _WARNING,
        "The property is left out of what is sent.",
        "Declare it in the contract, or stop sending it.",
    ),
    (
        "property_not_allowed",
        _ERROR,
        _QUARANTINED,
        "Declare it in the contract, or stop sending it.",
    ),
    ("property_type", _ERROR, _QUARANTINED, "Send the type that the contract declares."),
    ("property_value", _ERROR, _QUARANTINED, "Send a value within what the contract declares."),
    ("money_exponent", _ERROR, _QUARANTINED, "Send the amount in the decimals of its currency."),
    ("key_empty", _ERROR, _QUARANTINED, "Send the value that makes the moment the same moment."),
    ("value_too_long", _ERROR, _QUARANTINED, "Customer.io takes values of at most 1000 bytes."),
    ("too_many_attributes", _ERROR, _QUARANTINED, "Customer.io takes 300 attributes a call."),
    (
        "could_not_be_decided",
        _ERROR,
        "The record goes to quarantine with its bytes; the others go on.",
        "It is a defect of ours: report it with what the log says, upgrade, replay the record.",
    ),
    (
        "attribute_missing",
        _WARNING,
        "The identify is sent without it.",
        "Send the attribute with the first identify of a person.",
    ),
    (
        "attributes_full",
        _WARNING,
        "The attribute is kept here and not sent; it is once there is room for it.",
        "Customer.io keeps 300 attributes of a person, totals included: remove what is not used.",
    ),
    (
        "consent_null",
        _WARNING,
        "It is not taken as a word about the consent, which stays as it was.",
        "Say `true` or `false`, or leave the consent out; one that was said cannot be unsaid.",
    ),
    (
        "version_assumed",
        _INFO,
        "The current version is used.",
        "Send `version` to be certain.",
    ),
    (
        "name_alike",
        _WARNING,
        "It is taken as what it says, and is likely not what was meant.",
        "Correct the name; or declare it in the contract, if it was meant.",
    ),
    (
        "capture_failed",
        _ERROR,
        "The record could not be made durable and was not kept.",
        "Mend the cause and say it again.",
    ),
    (
        "record_too_large",
        _ERROR,
        "The record is refused and not kept.",
        "Send at most 1 MiB a record.",
    ),
    (
        "record_id_reused",
        _ERROR,
        "The first record with this id stands; this one is kept under another and quarantined.",
        "Give each record an id of its own; a replay takes this one as a record of its own.",
    ),
    (
        "duplicate",
        _INFO,
        "It is the same business moment as an earlier record, and is not sent again.",
        "Nothing to do.",
    ),
    (
        "conflict",
        _WARNING,
        "The first record of this moment stands; this one is kept and not sent.",
        "Find out why the source tells one moment in two ways.",
    ),
    (
        "not_owner",
        _INFO,
        "It is counted, not sent: another source owns this event.",
        "Nothing to do, unless the owner in the contract is wrong.",
    ),
    (
        "currency_not_reporting",
        _WARNING,
        "The event is delivered; its amount is not added to the money totals.",
        "Let the rollup keep each currency (`currency: per_currency`) or convert it (`rates`).",
    ),
    (
        "awaited_missing",
        _WARNING,
        "Its wait is over, so the amount is taken off from the totals all the same.",
        "Find out why the moment that it names was never told, or names another one.",
    ),
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
        "rollups_changed",
        _WARNING,
        "Totals under the new definition count only what is decided from now on.",
        "Start with a new store and send the history again, or keep the old definition.",
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
    **_rules(Topic.RECORD, _RECORD),
    **_rules(Topic.DELIVERY, _DELIVERY),
}
"""Code to rule."""
