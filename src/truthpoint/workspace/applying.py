"""What an operation does to the workspace: identify and event here, the others by their part."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from . import (
    anonymous,
    attributes,
    devices,
    leaving,
    limits,
    merging,
    people,
    preferences,
    times,
)
from .asked import EVENT_ACTIONS
from .operations import Effect, Outcome, Problem, ignored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .attributes import Kept, Plan
    from .operations import Operation
    from .people import Choice
    from .times import Moment
    from .turn import Person, Turn


def apply(turn: Turn, operation: Operation) -> Outcome:
    """Let one operation take effect, and return what became of it."""
    if is_refused(operation):
        return Outcome(effect=Effect.REFUSED, problems=operation.problems)
    if operation.action != "unsuppress" and leaving.is_blocked(turn, operation):
        return ignored("suppressed", "identifiers", "the person is suppressed")
    if operation.action in EVENT_ACTIONS:
        return _event(turn, operation)
    return _OTHERS.get(operation.action or "", _identify)(turn, operation)


_OTHERS: Final[Mapping[str, Callable[[Turn, Operation], Outcome]]] = {
    "delete": leaving.delete,
    "suppress": leaving.suppress,
    "unsuppress": leaving.unsuppress,
    "merge": merging.merge,
    "add_device": devices.add,
    "delete_device": devices.delete,
}


def is_refused(operation: Operation) -> bool:
    """Tell whether an operation is answered with its own error.

    A problem of a v1 identify has no place in the answer, for which no 400 is documented (2.12).
    """
    answers_200 = operation.path_is_v1 and operation.action == "identify"
    return bool(operation.problems) and not answers_200


def _identify(turn: Turn, operation: Operation) -> Outcome:
    operation = leaving.without_suppressed(turn, operation)
    # v2 puts the time beside the attributes; in production it is also sent among them (3.2).
    sent = operation.timestamp
    when = times.moment(
        operation.attributes.get("_timestamp") if sent is None else sent,
        turn.now_s,
        turn.switches,
    )
    problem = _first_lasting_problem(turn, operation)
    if problem is not None:
        person = turn.find(operation.kind, operation.value)
        return _failed(turn, operation, person, when, problem)
    choice = people.choose(turn, operation)
    if anonymous.is_taken(turn, anonymous.asked_for(operation.attributes), choice.person):
        if turn.switches.identifier_change == "refuse_identifier":
            choice = replace(choice, denied="anonymous_id")
        elif not choice.failure:
            choice = replace(choice, failure="anonymous_id belongs to another person")
    if choice.failure:
        problem = Problem("failed_attribute_change", "identifiers", choice.failure)
        if choice.is_silent:
            ignored = Problem("unmatched", "identifiers", choice.failure)
            return Outcome(effect=Effect.IGNORED, problems=(ignored,), timestamp=when.at_s)
        return _failed(turn, operation, choice.person, when, problem)
    return _update(turn, operation, choice, when)


def _first_lasting_problem(turn: Turn, operation: Operation) -> Problem | None:
    """Return what refuses a v1 identify; None: nothing, or what is over a limit is left out."""
    drops = turn.switches.over_limit_attributes == "drop"
    for each in operation.problems:
        names_a_person = each.field in ("identifiers.id", "attributes.id", "attributes.email")
        if names_a_person or not drops:
            return Problem("failed_attribute_change", each.field, each.message)
    return None


def _failed(
    turn: Turn, operation: Operation, person: Person | None, when: Moment, problem: Problem
) -> Outcome:
    """Answered 200, nothing changed: the activity is the only trace (10)."""
    data = {"reason": problem.message, "field": problem.field}
    turn.note("failed_attribute_change", operation, person, data=data)
    return Outcome(
        effect=Effect.IGNORED,
        problems=(problem,),
        timestamp=when.at_s,
        timestamp_replaced=when.is_replaced,
    )


def _update(turn: Turn, operation: Operation, choice: Choice, when: Moment) -> Outcome:
    """Write attributes and identifiers of the profile chosen, or of a new one."""
    kept: Mapping[str, Kept] = {}
    values = attributes.plain(operation.attributes, turn)
    if operation.problems:
        values = attributes.within_limits(values, turn)
    if choice.denied:
        values.pop(choice.denied, None)
    if choice.person is not None:
        kept = attributes.load(turn, choice.person.key)
        if choice.absorbs is not None:
            kept = merging.foreseen(turn, choice.person, choice.absorbs)
        values = {**values, **choice.gains}
    values = preferences.fold(values, kept)
    planned = attributes.plan(kept, values, when.at_s)
    if planned.live_count > limits.ATTRIBUTES and planned.live_count > _live_count(kept):
        if turn.switches.over_limit_attributes == "refuse":
            message = f"a person cannot have more than {limits.ATTRIBUTES} attributes"
            problem = Problem("failed_attribute_change", "attributes", message)
            return _failed(turn, operation, choice.person, when, problem)
        values = attributes.first_that_fit(kept, values)
        planned = attributes.plan(kept, values, when.at_s)
    person = choice.person
    if person is None:
        person = people.create(turn, operation, choice.gains, at_s=when.at_s)
    if choice.absorbs is not None:
        merging.join(turn, operation, person, choice.absorbs)
    attributes.write(turn, person.key, planned)
    anonymous_id = anonymous.asked_for(values)
    if anonymous_id:
        anonymous.associate(turn, operation, person, anonymous_id)
    return _updated(turn, operation, choice, person, planned, when)


def _live_count(kept: Mapping[str, Kept]) -> int:
    return attributes.plan(kept, {}, 0).live_count


def _updated(
    turn: Turn,
    operation: Operation,
    choice: Choice,
    person: Person,
    planned: Plan,
    when: Moment,
) -> Outcome:
    """Log what an update changed, skipped and was denied."""
    if planned.changes:
        turn.note("attribute_change", operation, person, at_s=when.at_s, data=planned.changes)
    problems: tuple[Problem, ...] = ()
    if choice.denied:
        field = f"attributes.{choice.denied}"
        message = f"{choice.denied} can be changed by cio_id only"
        if choice.denied == "anonymous_id":
            message = "anonymous_id belongs to another person"
        problems = (Problem("failed_attribute_change", field, message),)
        data = {"reason": message, "field": field}
        turn.note("failed_attribute_change", operation, person, data=data)
    if planned.skipped:
        data = {"attributes": planned.skipped}
        turn.note("skipped_update", operation, person, at_s=when.at_s, data=data)
        message = f"{len(planned.skipped)} of the attributes are newer here"
        problems = (*problems, Problem("skipped_update", "attributes", message))
    is_all_skipped = bool(planned.skipped) and not planned.rows
    return Outcome(
        effect=Effect.IGNORED if is_all_skipped else Effect.APPLIED,
        problems=problems,
        timestamp=when.at_s,
        timestamp_replaced=when.is_replaced,
    )


def _event(turn: Turn, operation: Operation) -> Outcome:
    when = times.moment(operation.timestamp, turn.now_s, turn.switches)
    if turn.switches.future_timestamp == "now" and when.at_s > turn.now:
        when = times.Moment(turn.now_s, is_replaced=True)
    if operation.kind in anonymous.KINDS:
        if not _is_first(turn, operation):
            return _duplicate(when)
        return anonymous.take(turn, operation, when)
    person = turn.find(operation.kind, operation.value)
    refused = _refusal(turn, operation, person, when)
    if refused is not None:
        return refused
    if not _is_first(turn, operation):
        return _duplicate(when)
    if person is None:
        gains = {operation.kind: operation.value}
        person = people.create(turn, operation, gains, at_s=when.at_s)
    turn.note(operation.action or "event", operation, person, at_s=when.at_s)
    turn.events_count += 1
    return Outcome(
        effect=Effect.APPLIED,
        timestamp=when.at_s,
        timestamp_replaced=when.is_replaced,
        would_trigger=times.can_trigger(when.at_s, turn.now, turn.switches),
    )


def _duplicate(when: Moment) -> Outcome:
    return Outcome(
        effect=Effect.DUPLICATE, timestamp=when.at_s, timestamp_replaced=when.is_replaced
    )


def _refusal(
    turn: Turn, operation: Operation, person: Person | None, when: Moment
) -> Outcome | None:
    """Return what becomes of an event that nobody can have; None: somebody can."""
    if person is not None:
        return None
    if operation.kind == "cio_id":
        # A request for a `cio_…` that nobody has is dropped (2.3).
        problem = Problem("unmatched", "identifiers", "nobody has this cio_id")
        return Outcome(effect=Effect.IGNORED, problems=(problem,), timestamp=when.at_s)
    if turn.switches.event_for_unknown_person == "fail":
        problem = Problem("failed_event", "identifiers", "the person is unknown")
        turn.note("failed_event", operation, None, data={"reason": problem.message})
        return Outcome(
            effect=Effect.IGNORED,
            problems=(problem,),
            timestamp=when.at_s,
            timestamp_replaced=when.is_replaced,
        )
    return None


def _is_first(turn: Turn, operation: Operation) -> bool:
    """Claim an event's id for ever; False: it was claimed before (4)."""
    event_id = operation.event_id
    if event_id is None:
        return True
    is_ulid = limits.is_ulid(event_id)
    if not is_ulid and turn.switches.invalid_event_id == "ignore":
        return True
    if is_ulid and turn.switches.event_id_case == "fold":
        event_id = event_id.upper()
    return turn.database.run("claim_event_id", event_id).rowcount == 1
