"""Reading the person: the canonical id, links, who is unresolved, and attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .buckets import bucket_places
from .closing import business_links
from .model import MERGE_DELAY_MS, Lane, Person
from .rollups import RESERVED_ATTRIBUTES
from .rules import Erase, Unidentified, Unresolved
from .types import NAME, compiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Event, Property
    from .nodes import Node, Reader
    from .types import TypeReader

_KEYS: Final = ("id", "links", "unresolved", "attributes", "merge_delay", "erase")
_RULES: Final = tuple(Unidentified)
_ONLY_FOR: Final = {Unidentified.UNDER_EMAIL: "email", Unidentified.ANONYMOUS: "anonymous_id"}
"""A rule that lives on one kind of link."""


def read_person(reader: Reader, types: TypeReader, node: Node | None) -> Person:
    """Return the person.

    Args:
        reader: Reads nodes and collects findings.
        types: Reads attributes.
        node: The mapping under `person`.
    """
    found = reader.mapping(node)
    return Person() if found is None else _PersonReader(reader, types, found).read()


def check_holds(
    reader: Reader, node: Node | None, person: Person, events: Mapping[str, Event]
) -> None:
    """Note where a record of a critical event would wait for its person.

    Business links may be waited for: what they tie, a refund to its order, comes in time.

    Args:
        reader: Reads nodes and collects findings.
        node: The mapping under `person`.
        person: What was read from it.
        events: The contract's events.
    """
    critical = [name for name, event in events.items() if event.lane is Lane.CRITICAL]
    rules = None if node is None else node.get("unresolved")
    if rules is None or not critical:
        return
    business = business_links(events)
    own = [kind for kind in person.links if kind not in business]
    for name, one in person.unresolved.items():
        rest = [kind for kind in own if kind not in person.unresolved]
        waited = rest if name == "other" else [kind for kind in own if kind == name]
        if one.hold_ms and waited:
            kinds = ", ".join(f"`{kind}`" for kind in waited)
            evidence = f"A record of `{critical[0]}` that carries only {kinds} would be held."
            reader.findings.add("critical_could_be_held", evidence, rules.entries[name][0])


class _PersonReader:
    """Reads the mapping under `person`."""

    def __init__(self, reader: Reader, types: TypeReader, node: Node) -> None:
        self._reader = reader
        self._findings = reader.findings
        self._types = types
        self._node = node

    def read(self) -> Person:
        self._reader.keys(self._node, _KEYS)
        name, pattern, description = self._id()
        links = self._links()
        unresolved = self._unresolved(self._node.get("unresolved"), links)
        attributes = self._types.properties(self._node.get("attributes"), total=False)
        self._check_names()
        self._check_consents(attributes)
        merge_delay_ms = self._reader.duration_ms(self._node.get("merge_delay"))
        erase = self._reader.choice(self._node.get("erase"), tuple(Erase))
        return Person(
            id_name=name,
            pattern=pattern,
            links=links,
            unresolved=unresolved,
            attributes=attributes,
            merge_delay_ms=MERGE_DELAY_MS if merge_delay_ms is None else merge_delay_ms,
            erase=Erase.SUPPRESS if erase is None else Erase(erase),
            description=description,
        )

    def _id(self) -> tuple[str, str | None, str]:
        reader = self._reader
        node = reader.mapping(reader.needed(self._node, "id"))
        if node is None:
            return "id", None, ""
        reader.keys(node, ("name", "description", "pattern"))
        pattern_node = node.get("pattern")
        pattern = reader.text(pattern_node)
        if pattern is not None and not compiles(pattern):
            self._findings.add("bad_pattern", "`pattern` does not compile.", pattern_node)
        name = reader.text(reader.needed(node, "name")) or "id"
        return name, pattern, reader.text(node.get("description")) or ""

    def _links(self) -> tuple[str, ...]:
        found: list[str] = []
        for item in self._reader.listed(self._node.get("links")):
            name = self._reader.text(item)
            if name is None:
                continue
            if name == "id" or not NAME.fullmatch(name):
                self._findings.add("bad_name", f"`{name}` cannot name a link.", item)
            elif name in found:
                self._findings.add("duplicate_key", f"The link `{name}` stands twice.", item)
            found.append(name)
        return tuple(found)

    def _unresolved(self, node: Node | None, links: tuple[str, ...]) -> dict[str, Unresolved]:
        """Return what is said for each kind; one word for all of them is `quarantine`."""
        if node is None:
            return {}
        if node.tag != "map":
            rule = self._reader.choice(node, _RULES)
            if rule in _ONLY_FOR:
                only = _ONLY_FOR[Unidentified(rule)]
                evidence = f"`{rule}` is for records with `{only}`, not for all."
                fix = f"Write `unresolved: {{{only}: {rule}}}`."
                self._findings.add("bad_value", evidence, node, fix=fix)
            return {}
        self._reader.keys(node, (*links, "other", "none"))
        found: dict[str, Unresolved] = {}
        for kind, (_, value) in node.entries.items():
            one = self._held(kind, value) if value.tag == "map" else self._rule(kind, value)
            if one is not None:
                found[kind] = one
        return found

    def _held(self, kind: str, node: Node) -> Unresolved | None:
        """Return `{hold: 1h, then: quarantine}`."""
        reader = self._reader
        reader.keys(node, ("hold", "then"))
        hold_ms = reader.duration_ms(reader.needed(node, "hold"), least_ms=1)
        if kind == "none" and "hold" in node.entries:
            evidence = "A record without any identifier cannot become anybody's by waiting."
            place = node.entries["hold"][0]
            self._findings.add("bad_value", evidence, place, fix="Say `none: quarantine`.")
            return None
        then = node.get("then")
        rule = Unresolved(then=Unidentified.QUARANTINE) if then is None else self._rule(kind, then)
        if rule is None or hold_ms is None:
            return None
        return Unresolved(then=rule.then, hold_ms=hold_ms)

    def _rule(self, kind: str, node: Node) -> Unresolved | None:
        rule = self._reader.choice(node, _RULES)
        if rule is None:
            return None
        then = Unidentified(rule)
        only = _ONLY_FOR.get(then)
        if only not in (None, kind):
            evidence = f"`{rule}` is for records with `{only}`."
            fix = "Say `quarantine`, or `{hold: 1h, then: quarantine}`."
            self._findings.add("bad_value", evidence, node, fix=fix)
            return None
        return Unresolved(then=then)

    def _check_names(self) -> None:
        node = self._node.get("attributes")
        entries = {} if node is None or node.tag != "map" else node.entries
        derived = bucket_places(node)
        for name, (place, _) in entries.items():
            identifier = name in derived and name in ("email", "phone", "unsubscribed")
            if identifier or name in RESERVED_ATTRIBUTES or name.startswith("cio_"):
                evidence = f"`{name}` has a meaning of its own at Customer.io."
                self._findings.add("reserved_name", evidence, place)

    def _check_consents(self, attributes: tuple[Property, ...]) -> None:
        """See that one attribute alone speaks for a topic of a channel."""
        node = self._node.get("attributes")
        said: dict[object, str] = {}
        for one in attributes:
            if one.consent is None or node is None:
                continue
            if one.consent in said:
                evidence = f"`{said[one.consent]}` speaks for the same channel and topic."
                place = node.entries[one.name][1].entries["consent"][0]
                self._findings.add("duplicate_key", evidence, place, fix="Keep one of the two.")
            said.setdefault(one.consent, one.name)
