"""Links as one batch sees and changes them: who has which identifier, how surely, and when.

What is asserted stands: an inferred link never overrides it, and a second assertion counts
only from when the first holder is known to have another value. Two inferences that differ
freeze each other. The links are the same whatever the order of arrival, as long as nothing
contradicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from truthpoint.findings import Finding, finding

from .people import ONE_AT_A_TIME, Grade, LinkRow, holder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from .people import Identifier


class Lesson:
    """What came of learning.

    Attributes:
        findings: What contradicts what was known.
        refused: Identifiers that are somebody else's: they are not sent.
        associated: Anonymous ids of visitors who became part of the person.
        adopted: The email of a guest who became part of the person; empty: none did.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.refused: list[Identifier] = []
        self.associated: list[str] = []
        self.adopted = ""

    def refuse(self, identifier: Identifier, code: str, evidence: str) -> None:
        """Note that an identifier is somebody else's."""
        self.refused.append(identifier)
        self.findings.append(finding(code, evidence))


class Links:
    """The links of one batch.

    Args:
        known: All links of the identifiers that the batch carries, and of its people.

    Attributes:
        changed: New links and changed ones.
    """

    def __init__(self, known: Iterable[LinkRow]) -> None:
        self.changed: dict[tuple[str, str, int], LinkRow] = {}
        self._rows: dict[Identifier, dict[int, LinkRow]] = {}
        self._carried: dict[int, set[Identifier]] = {}
        for link in known:
            self._keep(link)

    def holder(self, identifier: Identifier, at_ms: int, grade: Grade) -> int | None:
        """Return to whom an identifier leads at a time by links of a grade; None: to nobody."""
        rows = self._rows.get(identifier)
        return holder(rows.values(), at_ms, grade) if rows else None

    def of(self, person: int) -> list[Identifier]:
        """Return every identifier that is linked to somebody."""
        return sorted(self._carried.get(person, ()))

    def present(self, person: int, kind: str) -> str | None:
        """Return the value of a kind that somebody has now, if one was asserted."""
        found = [
            (row.last_ms, row.value) for row in self._asserted(person, kind) if row.until_ms is None
        ]
        return max(found)[1] if found else None

    def asserted(self, person: int, kind: str) -> list[str]:
        """Return the values of a kind that were asserted of somebody, now or once."""
        return sorted(row.value for row in self._asserted(person, kind))

    def is_shared(self, identifier: Identifier, people: Collection[int]) -> bool:
        """Tell whether an identifier names, or named, somebody else than these people."""
        return any(person not in people for person in self._rows.get(identifier, ()))

    def was_anothers(self, identifier: Identifier, person: int) -> bool:
        """Tell whether an identifier was asserted of somebody else, now or once."""
        rows = self._rows.get(identifier, {}).values()
        return any(row.person != person and row.grade is Grade.ASSERTED for row in rows)

    def is_frozen(self, identifier: Identifier) -> bool:
        """Tell whether an identifier led to two people by inference."""
        rows = self._rows.get(identifier, {})
        return any(row.grade is Grade.FROZEN for row in rows.values())

    def infer(self, person: int, identifier: Identifier, at_ms: int, lesson: Lesson) -> None:
        """Keep that an identifier came together with somebody."""
        rows = self._rows.get(identifier, {})
        others = [row for row in rows.values() if row.person != person]
        if any(row.grade is Grade.ASSERTED for row in others):
            mine = rows.get(person)
            if mine is None or mine.grade is not Grade.ASSERTED:
                evidence = f"Its `{identifier[0]}` was asserted of somebody else."
                lesson.findings.append(finding("link_conflict", evidence))
            return
        if not others:
            self.link(person, identifier, at_ms, Grade.INFERRED)
            return
        self.link(person, identifier, at_ms, Grade.FROZEN)
        if self._freeze(others):
            evidence = f"Its `{identifier[0]}` came together with two people."
            lesson.findings.append(finding("link_frozen", evidence))

    def claim(self, person: int, identifier: Identifier, at_ms: int, lesson: Lesson) -> None:
        """Keep that an identifier was asserted of somebody, unless it is somebody else's."""
        rows = self._rows.get(identifier, {})
        others = [row for row in rows.values() if row.person != person]
        until_ms = self._followed_at(person, identifier, at_ms)
        for row in others:
            moved_on = row.until_ms is not None and row.until_ms <= at_ms
            came_later = until_ms is not None and until_ms <= row.from_ms
            if row.grade is Grade.ASSERTED and not moved_on and not came_later:
                evidence = f"Its `{identifier[0]}` was asserted of somebody else, who has it still."
                lesson.refuse(identifier, "link_conflict", evidence)
                return
        self._freeze(others)
        self.link(person, identifier, at_ms, Grade.ASSERTED)

    def link(self, person: int, identifier: Identifier, at_ms: int, grade: Grade) -> None:
        """Keep a link: the surer and the earlier of what was said."""
        kind, value = identifier
        last_ms = at_ms if kind in ONE_AT_A_TIME and grade is Grade.ASSERTED else 0
        said = LinkRow(
            kind=kind, value=value, person=person, grade=grade, from_ms=at_ms, last_ms=last_ms
        )
        self._add(said)

    def _add(self, said: LinkRow) -> None:
        mine = self._rows.get((said.kind, said.value), {}).get(said.person)
        row = said if mine is None else _both(mine, said)
        if row == mine:
            return
        self._write(row)
        if row.kind in ONE_AT_A_TIME and row.grade is Grade.ASSERTED:
            self._put_in_order(row.person, row.kind)

    def hand_over(self, gone: int, into: int) -> None:
        """Make the links of one person another's; what was frozen between the two thaws."""
        for identifier in self._carried.pop(gone, set()):
            rows = self._rows[identifier]
            link = rows.pop(gone)
            self.changed.pop((*identifier, gone), None)
            self._add(replace(link, person=into))
            if len(rows) == 1 and rows[into].grade is Grade.FROZEN:
                self._write(replace(rows[into], grade=Grade.INFERRED))

    def keep_present(self, person: int, identifier: Identifier) -> None:
        """Let somebody still have what they had, whatever a merge brought with it."""
        kind, value = identifier
        if self.present(person, kind) != value:
            latest_ms = max(row.last_ms for row in self._asserted(person, kind))
            self.link(person, identifier, latest_ms + 1, Grade.ASSERTED)

    def end(self, person: int, identifier: Identifier, at_ms: int) -> None:
        """Note that somebody has an identifier no longer: an email that was deleted."""
        row = self._rows.get(identifier, {}).get(person)
        if row is not None and row.last_ms <= at_ms and row.until_ms is None:
            self._write(replace(row, until_ms=at_ms))

    def _asserted(self, person: int, kind: str) -> list[LinkRow]:
        rows = (
            self._rows[identifier][person]
            for identifier in self._carried.get(person, ())
            if identifier[0] == kind
        )
        return [row for row in rows if row.grade is Grade.ASSERTED]

    def _followed_at(self, person: int, identifier: Identifier, at_ms: int) -> int | None:
        """Return when somebody has another value of a kind of which they have one at a time."""
        kind, value = identifier
        if kind not in ONE_AT_A_TIME:
            return None
        asserted = self._asserted(person, kind)
        others = [row for row in asserted if row.value != value]
        later = [time_ms for row in others for time_ms in _times(row) if time_ms > at_ms]
        return min(later, default=None)

    def _put_in_order(self, person: int, kind: str) -> None:
        """Let each value of a kind end when the next one began, whatever arrived first."""
        rows = self._asserted(person, kind)
        said = [(time_ms, row.value) for row in rows for time_ms in _times(row)]
        for row in rows:
            later = [time_ms for time_ms, value in said if (time_ms, value) > _last(row)]
            if row.until_ms is not None:
                later.append(row.until_ms)
            until_ms = min(later, default=None)
            if row.until_ms != until_ms:
                self._write(replace(row, until_ms=until_ms))

    def _freeze(self, rows: Sequence[LinkRow]) -> bool:
        """Let what was inferred lead to nobody; tell whether anything was."""
        inferred = [row for row in rows if row.grade is Grade.INFERRED]
        for row in inferred:
            self._write(replace(row, grade=Grade.FROZEN))
        return bool(inferred)

    def _write(self, link: LinkRow) -> None:
        self._keep(link)
        self.changed[link.kind, link.value, link.person] = link

    def _keep(self, link: LinkRow) -> None:
        identifier = (link.kind, link.value)
        self._rows.setdefault(identifier, {})[link.person] = link
        self._carried.setdefault(link.person, set()).add(identifier)


def _last(row: LinkRow) -> tuple[int, str]:
    """Return when a value was asserted last; at equal times the values themselves decide."""
    return row.last_ms, row.value


def _times(row: LinkRow) -> tuple[int, int]:
    """Return when a value is known to have been asserted."""
    return row.from_ms, row.last_ms


def _first_ms(mine: LinkRow, said: LinkRow) -> int:
    if mine.kind in ONE_AT_A_TIME and Grade.ASSERTED in (mine.grade, said.grade):
        return min(one.from_ms for one in (mine, said) if one.grade is Grade.ASSERTED)
    return min(mine.from_ms, said.from_ms)


def _both(mine: LinkRow, said: LinkRow) -> LinkRow:
    """Return a link by all that was said of it; what was asserted again has ended no more.

    Where a person has one value at a time, what was only inferred moves no beginning: it would
    end another value, by no word of anybody.
    """
    grades = (mine.grade, said.grade)
    last_ms = max(mine.last_ms, said.last_ms)
    ends = [one for one in (mine.until_ms, said.until_ms) if one is not None and one >= last_ms]
    return replace(
        mine,
        grade=Grade.ASSERTED if Grade.ASSERTED in grades else max(grades),
        from_ms=_first_ms(mine, said),
        last_ms=last_ms,
        until_ms=min(ends, default=None),
    )
