"""Every choice that Customer.io's documentation leaves open, by name (law 22)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal, get_args, get_type_hints

from .errors import WorkspaceError

LONGEST_APPLY_DELAY_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How the local workspace behaves where Customer.io's behaviour is not documented.

    The defaults take the stricter reading where being strict makes a mistake visible, and
    the documented or recorded hint where there is one. The reasons, one by one, are in
    `docs/explanation/undocumented-choices.md`.

    Attributes:
        event_for_unknown_person: An event for nobody known creates a bare profile (`create`)
            or leaves a `failed_event` (`fail`). Section 2.4.
        invalid_event_id: An event id that is no ULID refuses the event (`reject`), is
            deduplicated like any other (`accept`), or is overlooked (`ignore`). Section 4.
        event_id_case: Whether two ULIDs that differ in case only are the same (`fold`) or
            not (`exact`). Section 4.
        all_invalid_status: Answer to a batch without one valid item. Section 17.1.
        empty_batch_status: Answer to a batch without items. Section 3.4.
        oversize_status: Answer to a v2 request over its size. Section 17.1.
        kilobyte_bytes: What a KB of the documented limits is. Section 2.12.
        event_value_limit: Whether the 1,000 bytes of a person's attribute also bind each
            value of event data. Section 2.12.
        nested_value_limit: Whether they bind an object or array as a whole, by its JSON.
            Section 19.
        over_limit_attributes: Attributes over a limit on a path that cannot answer with an
            error refuse the whole update (`refuse`) or are left out (`drop`). Section 2.12.
        new_id_with_known_email: An identify of an unknown id with the email of somebody who
            has another id gives them the new id (`rename`) or is refused. Section 2.3.
        email_update_by_id: The workspace setting "Allow updates to email using ID".
            Section 2.3.
        identifier_change: A change of an identifier that is not allowed refuses the whole
            update (`refuse_update`) or that identifier only (`refuse_identifier`).
            Section 2.3.
        email_null: A null email, of a person who has an id, is removed (`remove`) or left
            alone (`keep`). Section 2.3.
        empty_string: An empty text removes the attribute (`remove`) or is a value (`keep`).
            Section 2.3.
        suppress_scope: Suppress and unsuppress concern all identifiers of the person (`all`)
            or the one given only (`given`). Section 16.
        suppressed_among_attributes: An identify that names a suppressed id or email among its
            attributes is ignored (`ignore`), or written without it (`drop`). Section 8.1.
        auto_merge: The workspace setting "Multi-identifier profile merge". Section 7.3.
        merge_devices: Devices of a merge's secondary person go with that person (`drop`) or
            move (`move`). Section 7.2.
        device_for_unknown_person: A device of nobody known creates a bare profile (`create`)
            or is left alone (`ignore`). Section 2.6.
        device_of_another: A device that another person has is then both's (`share`) or the
            latest one's only (`move`). Section 2.6.
        anonymous_merge: The workspace setting that gives anonymous events to the person who
            is identified with their id. Section 5.
        anonymous_by_v2: Events of v2 whose identifier is an `anonymous_id` are taken
            (`accept`) or refused as not documented (`refuse`). Section 5.
        anonymous_again: Events that came too late need an identify with another
            `anonymous_id` (`new`), or one with the same takes them (`same`). Section 5.
        event_of_nobody: An event without `anonymous_id` and `recipient` is accepted and kept
            by nobody (`ignore`) or refused (`refuse`). Section 2.5.
        horizon_inclusive: Whether an event of exactly 72 hours can still trigger.
            Section 6.1.
        future_timestamp: An event time ahead of the clock is kept (`keep`) or replaced by
            the current time (`now`). Section 2.13.
        decimal_timestamp: A time with a fraction is replaced by the current time (`now`) or
            cut to whole seconds (`truncate`). Section 2.13.
        oldest_timestamp_seconds: Times before this, in unix seconds, are not taken for unix
            seconds. Section 2.13.
        apply_delay_seconds: How long after the answer a write takes effect. Section 10.
        page_limit: A page of more activities than the documented 100 is refused (`refuse`)
            or cut to 100 (`clamp`). Section 9.2.
        activity_age: The App API shows activities of any age (`all`) or of the last 30 days
            (`thirty_days`). Section 6.1.

    Raises:
        WorkspaceError: A value is none of those a switch allows.
    """

    event_for_unknown_person: Literal["create", "fail"] = "create"
    invalid_event_id: Literal["reject", "accept", "ignore"] = "reject"
    event_id_case: Literal["fold", "exact"] = "fold"
    all_invalid_status: Literal[207, 400] = 207
    empty_batch_status: Literal[200, 400] = 200
    oversize_status: Literal[400, 413] = 400
    kilobyte_bytes: Literal[1000, 1024] = 1000
    event_value_limit: Literal["off", "on"] = "off"
    nested_value_limit: Literal["on", "off"] = "on"
    over_limit_attributes: Literal["refuse", "drop"] = "refuse"
    new_id_with_known_email: Literal["rename", "refuse"] = "rename"
    email_update_by_id: Literal["off", "on"] = "off"
    identifier_change: Literal["refuse_update", "refuse_identifier"] = "refuse_update"
    email_null: Literal["remove", "keep"] = "remove"
    empty_string: Literal["remove", "keep"] = "remove"
    suppress_scope: Literal["all", "given"] = "all"
    suppressed_among_attributes: Literal["ignore", "drop"] = "ignore"
    auto_merge: Literal["on", "off"] = "on"
    merge_devices: Literal["drop", "move"] = "drop"
    device_for_unknown_person: Literal["create", "ignore"] = "create"
    device_of_another: Literal["share", "move"] = "share"
    anonymous_merge: Literal["on", "off"] = "on"
    anonymous_by_v2: Literal["accept", "refuse"] = "accept"
    anonymous_again: Literal["new", "same"] = "new"
    event_of_nobody: Literal["ignore", "refuse"] = "ignore"
    horizon_inclusive: bool = True
    future_timestamp: Literal["keep", "now"] = "keep"
    decimal_timestamp: Literal["now", "truncate"] = "now"
    oldest_timestamp_seconds: int = 0
    apply_delay_seconds: float = 0.0
    page_limit: Literal["refuse", "clamp"] = "refuse"
    activity_age: Literal["all", "thirty_days"] = "all"

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for each in fields(self):
            allowed = get_args(hints[each.name])
            value = getattr(self, each.name)
            if allowed and value not in allowed:
                shown = ", ".join(str(one) for one in allowed)
                raise WorkspaceError(f"The switch {each.name} allows {shown}; not {value!r}.")
        if not 0 <= self.apply_delay_seconds <= LONGEST_APPLY_DELAY_SECONDS:
            raise WorkspaceError(
                "The switch apply_delay_seconds allows 0 to "
                f"{LONGEST_APPLY_DELAY_SECONDS:.0f}; not {self.apply_delay_seconds!r}."
            )
