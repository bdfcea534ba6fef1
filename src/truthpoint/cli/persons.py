"""One person on the screen: who they are, and what became of each of their records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truthpoint.values.instants import EARLIEST_MOMENT_MS, to_iso

from . import output

if TYPE_CHECKING:
    from truthpoint.core.consent import Heard
    from truthpoint.core.outbox import Totals
    from truthpoint.core.people import LinkRow
    from truthpoint.ports import PersonView, Step


def put_person(view: PersonView, *, now_ms: int, json: bool) -> None:
    """Write a person and their timeline."""
    if json:
        output.put_json(person_json(view))
        return
    for line in _person_lines(view, now_ms):
        output.put(line)


def put_held(steps: list[Step], *, now_ms: int, json: bool) -> None:
    """Write the records that wait for somebody to be known."""
    if json:
        records = [output.step_json(step) for step in steps]
        output.put_json({"id": None, "records": records})
        return
    from truthpoint.core.telling import sentence  # noqa: PLC0415 - status does without

    output.put("nobody is known by this yet; what carries it waits (times are UTC):")
    for step in steps:
        output.put(f"  {sentence(step, now_ms=now_ms)}")


def _person_lines(view: PersonView, now_ms: int) -> list[str]:
    from truthpoint.core import telling  # noqa: PLC0415 - status does without

    row = view.row
    name = "without an id" if row.canonical_id is None else row.canonical_id
    lines = [f"person {name}: {telling.standing_words(row)}"]
    if view.totals is not None:
        lines.append(_totals_line(view.totals))
    links = sorted(view.links, key=lambda one: (one.kind, one.from_ms, one.value))
    lines += _titled("links", [telling.link_words(one) for one in links])
    consents = {} if view.profile is None else view.profile.consents
    lines += _titled("consents", [telling.consent_words(*one) for one in sorted(consents.items())])
    told = [telling.sentence(step, now_ms=now_ms) for step in view.steps]
    return lines + _titled("what happened (times are UTC)", told)


def _titled(title: str, lines: list[str]) -> list[str]:
    return [title, *(f"  {line}" for line in lines)] if lines else []


def person_json(view: PersonView) -> dict[str, object]:
    """Return a person as plain values."""
    from truthpoint.core.telling import person_kind  # noqa: PLC0415 - status does without

    totals = view.totals
    consents = {} if view.profile is None else view.profile.consents
    return {
        "id": view.row.canonical_id,
        "kind": person_kind(view.row),
        "standing": view.row.standing.name.lower(),
        "links": [_link_json(one) for one in view.links],
        "consents": {name: _consent_json(heard) for name, heard in sorted(consents.items())},
        "totals": None if totals is None else _read_totals(totals),
        "totals_delivered": totals is None or not (totals.waiting or totals.refused),
        "totals_refused": "" if totals is None else output.bare_reason(totals.refused),
        "records": [output.step_json(step) for step in view.steps],
    }


def _link_json(link: LinkRow) -> dict[str, object]:
    from truthpoint.core.telling import is_of_a_merge  # noqa: PLC0415 - status does without

    return {
        "kind": link.kind,
        "value": link.value,
        "grade": link.grade.name.lower(),
        "from": None if is_of_a_merge(link) else to_iso(link.from_ms),
        "until": None if link.until_ms is None else to_iso(link.until_ms),
    }


def _consent_json(heard: Heard) -> dict[str, object]:
    from truthpoint.core.consent import MERGED, state  # noqa: PLC0415 - status does without

    return {
        "state": state(heard),
        "said": [
            {
                "source": None if source == MERGED else source,
                "granted": span.granted,
                "first_at": to_iso(span.first_ms),
                "last_at": to_iso(span.last_ms),
            }
            for source, spans in sorted(heard.sources.items())
            for span in spans
        ],
        "backfill": heard.history,
    }


def _totals_line(totals: Totals) -> str:
    values = (f"{name} {value}" for name, value in _read_totals(totals).items())
    return f"totals ({_totals_way(totals)}): {', '.join(values)}"


def _read_totals(totals: Totals) -> dict[str, object]:
    """Return totals as they are read, times as all other times are."""
    from truthpoint.core.telling import shown_totals  # noqa: PLC0415 - status does without

    return {
        # Times are kept in milliseconds, and no number of moments comes near any of them.
        name: to_iso(value) if isinstance(value, int) and value >= EARLIEST_MOMENT_MS else value
        for name, value in shown_totals(totals.values).items()
    }


def _totals_way(totals: Totals) -> str:
    if totals.waiting:
        return "on their way"
    return f"refused: {output.bare_reason(totals.refused)}" if totals.refused else "delivered"
