"""The rules of records: code, severity, consequence and fix of each."""

from __future__ import annotations

from typing import Final

from .severity import Severity

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
_QUARANTINED = "The record goes to quarantine with its bytes and all reasons."

OF_RECORDS: Final = (
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
        "Use `identify`, `track`, `link`, `merge`, `erase`, `readmit` or `consent`.",
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
    (
        "person_unknown_yet",
        _INFO,
        "The record is held until its person is known, or its time of waiting is over.",
        "Nothing to do; `truthpoint held` lists what waits.",
    ),
    (
        "person_link_invalid",
        _WARNING,
        "The identifier is left out; what else the record carries says whose it is.",
        "Send an email with one @, a phone number as E.164, other identifiers as short text.",
    ),
    (
        "link_not_usable",
        _ERROR,
        _QUARANTINED,
        "Link what `person.links` declares: email, phone as E.164, other identifiers as text.",
    ),
    (
        "link_conflict",
        _WARNING,
        "The identifier still leads to the other person, and is not sent for this one.",
        "Find out whose it is; `link` or `merge` says so.",
    ),
    (
        "link_frozen",
        _WARNING,
        "The identifier leads to nobody until it is asserted of somebody.",
        "An identify or a `link` asserts whose it is.",
    ),
    (
        "guest_kept_apart",
        _WARNING,
        "The guest stays a person of their own; the email is not sent for the other.",
        "If both are one, say so with `merge`.",
    ),
    (
        "merge_of_itself",
        _ERROR,
        _QUARANTINED,
        "Name two people; whoever was merged before is the same person since.",
    ),
    (
        "merge_of_nobody",
        _ERROR,
        _QUARANTINED,
        "Name the other person by their id, or by what already leads to them.",
    ),
    (
        "erased_but_shared",
        _WARNING,
        "What comes under this identifier alone is not kept away here: it would be others' as "
        "well. An email stays blocked at Customer.io all the same, for everybody.",
        "Name the others' records by their id; erase the others too if they ask for it.",
    ),
    (
        "readmit_too_early",
        _ERROR,
        _QUARANTINED,
        "Only who was erased is readmitted, by id or email, once the erasure was answered.",
    ),
    (
        "readmitted_in_part",
        _WARNING,
        "What comes under that identifier is still kept away, here and at Customer.io.",
        "Readmit it too, by its name: nobody here remembers which it was.",
    ),
    (
        "consent_unknown",
        _ERROR,
        _QUARANTINED,
        "Name attributes that have a `consent` in the contract.",
    ),
    (
        "stage_qa",
        _INFO,
        "The event is not sent to anybody but the people of `qa`.",
        "Remove `stage: qa` once the event is to go to everybody.",
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
    (
        "corrected_unknown",
        _INFO,
        "The correction is kept, and counts as soon as the moment that it corrects is told.",
        "Nothing to do; if the moment was told long ago, compare the keys of the two.",
    ),
    (
        "corrected_nothing",
        _WARNING,
        "The correction is delivered, and no total changes by it.",
        "Declare on it what the totals are made of, with `currency` and what `where` names.",
    ),
    (
        "corrected_of_another",
        _WARNING,
        "The totals of whoever's moment it is are corrected.",
        "See that the correction names its moment and its person rightly.",
    ),
)
