"""What happened to somebody's records, as sentences: why they did, or did not, get a mail.

Whoever reads them knows the shop and its mails, and not the insides of this product: every
outcome is said with its reason, in the words of the glossary, and times are UTC. The sentences
name records, sources, kinds of identifiers and business keys; never what Customer.io said in
its own words, which can repeat a customer's value (law 21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from truthpoint.findings import Severity
from truthpoint.values.instants import HORIZON_MS, to_iso

from .answers import SAID
from .consent import MERGED, state
from .decision import Outcome, Reason
from .outbox import Action, Standing
from .people import ANONYMOUS, EMAIL, Grade, has_address
from .rollups.properties import exact
from .turns import lacks_identify
from .views import Story

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .consent import Heard, Span
    from .people import LinkRow, PersonRow
    from .views import Step

_UNTOLD: Final = Story()
_HOUR_MS: Final = 3_600_000

_STANDINGS: Final = {
    Standing.UNKNOWN: "not yet known at Customer.io",
    Standing.KNOWN: "known at Customer.io",
    Standing.DUE: "an identify was refused; one with the id only is due",
    Standing.REFUSED: "refused by Customer.io; what waits for them is dead (no_identify)",
    Standing.ERASED: "erased; nothing of theirs is sent any more",
    Standing.ANONYMOUS: "a visitor, of whom nothing is known but an anonymous id",
}

_GRADES: Final = {
    Grade.ASSERTED: "asserted",
    Grade.INFERRED: "inferred, for it came in a record of theirs",
    Grade.FROZEN: "frozen, for it led to somebody else too: it leads to nobody",
}


def spoken_time(instant_ms: int) -> str:
    """Return an instant as a date and a time of day in UTC, in whole seconds."""
    return to_iso(instant_ms // 1000 * 1000).replace("T", " ").removesuffix("Z")


def person_kind(row: PersonRow) -> str:
    """Return what somebody is to us: a person, a guest or a visitor."""
    if row.canonical_id is None and has_address(EMAIL, row.address):
        return "guest"
    if row.canonical_id is None and has_address(ANONYMOUS, row.address):
        return "visitor"
    return "person"


def standing_words(row: PersonRow) -> str:
    """Return how Customer.io knows somebody."""
    words = _STANDINGS[row.standing]
    if row.standing in (Standing.ERASED, Standing.ANONYMOUS):
        return words
    if person_kind(row) == "guest":
        return f"a guest, {words}; no id is known, so that they live under their email"
    if row.canonical_id is not None and has_address(EMAIL, row.address):
        return f"{words}, by their email still: the identify that tells the id is on its way"
    return words


def is_of_a_merge(link: LinkRow) -> bool:
    """Tell whether a merge made a link: it has led to them for all times, since no moment."""
    return link.from_ms == 0


def link_words(link: LinkRow) -> str:
    """Return what leads, or led, to somebody."""
    since = f"since {spoken_time(link.from_ms)}"
    if is_of_a_merge(link):
        since = "it goes back to a merge"
    elif link.until_ms is not None:
        first, end = spoken_time(link.from_ms), spoken_time(link.until_ms)
        since = f"until {end}" if first == end else f"from {first} until {end}"
    return f"{link.kind} {link.value}: {_GRADES[link.grade]}, {since}"


def shown_totals(values: Mapping[str, object]) -> dict[str, object]:
    """Return totals as they are read: how many distinct values, the first or last value itself.

    What is kept beside a total, under names that no total can have, is left out.
    """
    return {name: _shown(kept) for name, kept in values.items() if ":" not in name}


def _shown(kept: object) -> object:
    if not isinstance(kept, list):
        return kept
    listed = cast("list[object]", kept)
    # First and last are kept as time, key and value; distinct values as their texts.
    is_edge = len(listed) == 3 and isinstance(listed[0], int)
    return exact(listed[2]) if is_edge else len(listed)


def consent_words(name: str, heard: Heard) -> str:
    """Return what a consent is, and who has said what about it when."""
    words = [
        f"{source} said {', then '.join(map(_word, spans))}"
        for source, spans in sorted(heard.sources.items())
        if source != MERGED
    ]
    words += [
        f"withdrawn at {spoken_time(spans[-1].last_ms)}, when two people became one"
        for source, spans in heard.sources.items()
        if source == MERGED
    ]
    if heard.history:
        words.append("a backfill said yes")
    return f"{name} is {_YES_NO[state(heard)]}: {'; '.join(words)}"


_YES_NO: Final = {True: "yes", False: "no", None: "unsaid"}


def _word(span: Span) -> str:
    first, last = spoken_time(span.first_ms), spoken_time(span.last_ms)
    times = f"at {first}" if first == last else f"from {first} to {last}"
    return f"{_YES_NO[span.granted]} {times}"


def sentence(step: Step, *, now_ms: int) -> str:
    """Return what became of a record, and why, as one sentence or two.

    Args:
        step: How it stands.
        now_ms: The present.
    """
    story = step.story or _UNTOLD
    noticed = "".join(
        f" Noticed: {one.evidence}" for one in story.findings if one.severity is Severity.WARNING
    )
    said = f"{_what(step, story)} (record {step.record}, {step.source})"
    return f"{spoken_time(step.at_ms)} {said}: {_ending(step, story, now_ms)}.{noticed}"


def _what(step: Step, story: Story) -> str:
    action = "" if step.action is None else step.action.value
    name = step.event or story.type or action or "what cannot be read"
    return " ".join((name, *story.key))


def _ending(step: Step, story: Story, now_ms: int) -> str:
    if step.outcome is Outcome.DELIVERED:
        return _delivered(step)
    if step.outcome is Outcome.PENDING:
        return _pending(step, story, now_ms)
    if step.outcome is Outcome.RECORDED:
        news = "nothing was sent, for nothing of it was news"
        return news if story.type == "identify" else "remembered; nothing had to be sent"
    if step.outcome is Outcome.WITHHELD:
        return _withheld(step, story)
    if step.outcome is Outcome.HELD:
        return _held(step)
    return _dead(step) if step.outcome is Outcome.DEAD else _quarantined(step, story)


def _delivered(step: Step) -> str:
    if step.settled_at_ms is None:
        return "delivered"
    day, time = spoken_time(step.settled_at_ms).split(" ")
    same_day = spoken_time(step.at_ms).startswith(day)
    words = f"delivered at {time}" if same_day else f"delivered on {day} at {time}"
    if step.attempts > 1:
        words += f", by attempt {step.attempts}"
    if step.event and step.settled_at_ms - step.at_ms > HORIZON_MS:
        words += ", more than 72 hours after it happened: it could start no campaign any more"
    return words


def _pending(step: Step, story: Story, now_ms: int) -> str:
    if step.operation is None:
        return "not decided yet: a worker has to run"
    if step.action is Action.IDENTIFY and story.expires_at_ms:
        return "not sent any more: it is of a profile that was merged into another since"
    if step.attempts:
        return f"waits; it was attempted {_times(step.attempts)}, and will be again"
    if story.not_before_ms > now_ms:
        return f"waits; it is not sent before {spoken_time(story.not_before_ms)}"
    if story.expires_at_ms:
        return f"waits; after {spoken_time(story.expires_at_ms)} it is too old to be sent"
    return "waits to be sent"


def _withheld(step: Step, story: Story) -> str:
    say = _WHY_WITHHELD.get(step.reason)
    return f"withheld ({step.reason})" if say is None else f"withheld{say(step, story)}"


def _repeated(step: Step) -> str:
    words = f"record {step.repeats}" if step.repeats else "an earlier record"
    return f"{words}, which is another person's" if step.other_person else words


def _not_owner(step: Step, story: Story) -> str:
    owner = _evidence(story, Reason.NOT_OWNER) or "its source does not own the event"
    return f": {owner}; `{step.source}` said it"


def _closed(step: Step, story: Story) -> str:
    closer = story.closer
    if closer is None:
        return f", because what closes it had come{_attempted(step)}"
    common = f"of the same {closer.tie}" if closer.tie else "of the same person"
    told = f"{closer.event} {common} closed it (record {closer.record})"
    if not closer.sent:
        told += ", though it was not sent itself"
    return f", because {told}{_attempted(step)}"


def _stale(step: Step, story: Story) -> str:
    age = "too old"
    if story.expires_at_ms:
        age = f"older than {_hours(story.expires_at_ms - step.at_ms)}"
    return f": {age} when it could be sent{_attempted(step)}"


def _test(_: Step, story: Story) -> str:
    tried = _evidence(story, "stage_qa")
    return f": {tried or 'it is of a test mode, and this workspace takes none'}"


_WHY_WITHHELD: Final[Mapping[str, Callable[[Step, Story], str]]] = {
    Reason.DUPLICATE: lambda step, _story: f", because it repeats {_repeated(step)}",
    Reason.CONFLICT: lambda step, _story: (
        f", because it tells otherwise what {_repeated(step)} told"
    ),
    Reason.NOT_OWNER: _not_owner,
    Reason.CLOSED: _closed,
    Reason.STALE: _stale,
    Reason.TEST: _test,
    Reason.SUPERSEDED: lambda step, _story: (
        ": the email that it names is somebody else's by now"
        if step.action is Action.MERGE
        else ": it is of a profile that was merged into another since"
    ),
    Reason.ERASED: lambda _step, _story: ": the person was erased",
    Reason.DISCARDED: lambda _step, _story: ": an operator discarded it",
}


def _attempted(step: Step) -> str:
    """Return what is to be known of a start that left, and whose answer was lost."""
    if not step.attempts:
        return ""
    return (
        f"; it was attempted {_times(step.attempts)} before that without an answer, "
        "so that it may have arrived"
    )


def _held(step: Step) -> str:
    if step.held is None:
        return "held: its person is not known yet"
    kinds = " or ".join(step.held.kinds)
    until = spoken_time(step.held.until_ms)
    return f"held until {until}: nobody is known yet by its {kinds}"


def _quarantined(step: Step, story: Story) -> str:
    errors = [one for one in story.findings if one.severity is Severity.ERROR]
    evidence = _evidence(story, step.reason)
    path = next((one.where.path for one in errors if one.code == step.reason), None)
    # Most of what is found of a value says what it is not, and not which value it is.
    where = f" at `{path}`" if path and f"`{path}`" not in evidence else ""
    why = f"{step.reason}{where}: {evidence}" if evidence else step.reason
    more = len(errors) - 1
    return f"quarantined, {why}" + (f" (and {more} more)" if more > 0 else "")


def _dead(step: Step) -> str:
    reason = step.reason.partition(SAID)[0]
    if lacks_identify(reason):
        refused = reason.partition(": ")[2]
        why = f" ({refused})" if refused else ""
        return f"dead, because Customer.io refused the identify of its person{why}"
    if reason == "too_large":
        return "dead, because it is larger than Customer.io takes"
    return f"dead, because Customer.io refused it for good ({reason})"


def _evidence(story: Story, code: str) -> str:
    """Return what was found under a code, to be a part of a sentence; empty: nothing."""
    found = (one.evidence for one in story.findings if one.code == code)
    return next(found, "").removesuffix(".")


def _times(attempts: int) -> str:
    return "once" if attempts == 1 else f"{attempts} times"


def _hours(duration_ms: int) -> str:
    hours, rest_ms = divmod(duration_ms, _HOUR_MS)
    return f"{hours} h" if hours and not rest_ms else f"{duration_ms // 60_000} min"
