"""YAML with places: every node knows its line and column, and every mistake is collected.

YAML 1.2, one document, plain mappings, lists and scalars. Anchors, aliases and tags are
refused: a contract is read by people, and an alias can make a small file huge.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from truthpoint.findings import Finding, Severity, Where, finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

YamlNode = Any
"""A node as ruamel.yaml composes it; its attributes carry no types."""

MAX_DEPTH: Final = 40
"""Deepest nesting of a contract: types within types within events need a quarter of it."""

REFUSED: Final = "refused"
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_TAGS: Final = frozenset(
    {"str", "int", "float", "bool", "null", "map", "seq", "timestamp", "merge", "value"}
)
"""What YAML finds by itself; any other tag was written out."""
_DURATION: Final = re.compile(r"([0-9]{1,6})(ms|s|m|h|d)", re.ASCII)
_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_KINDS: Final = {"str": "text", "int": "a whole number", "float": "a number", "bool": "a boolean"}


@dataclass(slots=True)
class Findings:
    """Collects what is wrong with one file.

    Attributes:
        file: Path of the file as the user gave it.
        found: What was found so far.
    """

    file: str
    found: list[Finding] = field(default_factory=list[Finding])

    def add(
        self, code: str, evidence: str, node: Node | None = None, *, fix: str | None = None
    ) -> None:
        """Note something at a node."""
        where = Where(file=self.file)
        if node is not None:
            path = node.path or None
            where = Where(file=self.file, line=node.line, column=node.column, path=path)
        self.found.append(finding(code, evidence, where=where, fix=fix))

    def sorted(self, *, notes: bool = False) -> tuple[Finding, ...]:
        """Return what is wrong, or what is only worth knowing, in the order of the file."""
        return tuple(
            sorted(
                (one for one in self.found if _keeps_out(one) is not notes),
                key=lambda one: (one.where.line or 0, one.where.column or 0),
            )
        )

    @property
    def errors(self) -> bool:
        """Whether the contract cannot load."""
        return any(_keeps_out(one) for one in self.found)


_LOADS_ALL_THE_SAME: Final = frozenset({"critical_could_be_held"})
"""Errors about what a contract says that is in order, and likely not what was meant."""


def _keeps_out(one: Finding) -> bool:
    """Tell whether a contract with this finding does not load."""
    return one.severity is Severity.ERROR and one.code not in _LOADS_ALL_THE_SAME


@dataclass(slots=True, eq=False)
class Node:
    """A value of the file with its place.

    Attributes:
        line: From 1.
        column: From 1.
        path: Path in the document, such as `events.order_paid.key[0]`; empty at the top.
        tag: `str`, `int`, `float`, `bool` or `null` of a scalar; `map` or `seq`; `refused`
            when it was noted already and says nothing.
        text: What stands in the file, for a scalar.
        items: Of a list.
        entries: Of a mapping: the key's node and the value's, by key.
    """

    line: int
    column: int
    path: str
    tag: str
    text: str = ""
    items: list[Node] = field(default_factory=list["Node"])
    entries: dict[str, tuple[Node, Node]] = field(default_factory=dict[str, "tuple[Node, Node]"])

    @property
    def kind(self) -> str:
        """What it is, in words."""
        words = {"map": "a mapping", "seq": "a list", "null": "nothing"}
        return words.get(self.tag) or _KINDS[self.tag]

    def get(self, key: str) -> Node | None:
        """Return the value of a key that is there and says something."""
        found = self.entries.get(key)
        return None if found is None or found[1].tag in ("null", REFUSED) else found[1]


def parse(data: bytes, findings: Findings) -> Node | None:
    """Return the top mapping of a file; None when it has none, with the reason noted."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        place = Node(line=line, column=1, path="", tag="null")
        findings.add("not_utf8", f"Line {line} holds bytes that are not UTF-8.", place)
        return None
    try:
        composer: Any = YAML(typ="safe", pure=True)
        composer.composer.warn_double_anchors = False
        documents: list[YamlNode] = list(composer.compose_all(text))
    except MarkedYAMLError as error:
        _note_broken(error, text, findings)
        return None
    except ReaderError as error:
        before = text[: cast("int", cast("Any", error).position)]
        place = _place(before.count("\n"), len(before) - before.rfind("\n") - 1)
        findings.add("not_yaml", "YAML takes no control characters.", place)
        return None
    except RecursionError:
        findings.add("not_yaml", "The file is nested too deeply.", _place(0, 0))
        return None
    tree = _Tree(findings).node(documents[0], "", 0) if documents else _place(0, 0)
    if tree.tag == REFUSED:
        return None
    if tree.tag == "null":
        findings.add("empty_contract", "The file holds nothing.", tree)
        return None
    if len(documents) > 1:
        mark = documents[1].start_mark
        place = _place(mark.line, mark.column)
        findings.add("not_yaml", "The file holds more than one document.", place)
    if tree.tag != "map":
        findings.add("wrong_type", f"The file holds {tree.kind}; a contract is a mapping.", tree)
        return None
    return tree


def _note_broken(error: Any, text: str, findings: Findings) -> None:
    """Note YAML that does not parse; what the file says at that place is not shown."""
    mark = error.problem_mark or error.context_mark
    place = _place(mark.line, mark.column)
    if "${" in "".join(text.splitlines()[mark.line : mark.line + 1])[: mark.column + 1]:
        evidence = "`${…}` stands without quotes inside braces."
        findings.add("unquoted_secret", evidence, place)
        return
    # The parser quotes the file: a name there may be a secret. Single characters are its own.
    problem = re.sub(r"'[^']{3,}'", "here", error.problem or "not readable")
    findings.add("not_yaml", f"YAML: {_UNPRINTABLE.sub('?', problem)}.", place)


_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]")


def _place(line: int, column: int, path: str = "", tag: str = "null") -> Node:
    return Node(line=line + 1, column=column + 1, path=path, tag=tag)


class _Tree:
    """Turns ruamel's nodes into ours."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._seen: set[int] = set()

    def node(self, given: YamlNode, path: str, depth: int) -> Node:
        tag = str(given.tag).removeprefix(_TAG)
        mark = given.start_mark
        node = _place(mark.line, mark.column, path, tag)
        refused = self._refused(given, tag, depth)
        self._seen.add(id(given))
        if refused:
            self._findings.add("not_yaml", refused, node)
            node.tag = REFUSED
        elif given.id == "mapping":
            self._mapping(given, node, depth)
        elif given.id == "sequence":
            node.tag = "seq"
            node.items = [
                self.node(item, f"{path}[{place}]", depth + 1)
                for place, item in enumerate(given.value)
            ]
        else:
            node.text = str(given.value)
            if tag not in ("str", "int", "float", "bool", "null"):
                node.tag = "str"
        return node

    def _refused(self, given: YamlNode, tag: str, depth: int) -> str:
        """Return why a node has no place in a contract; empty when it has one."""
        if id(given) in self._seen:
            return "An alias is used; a contract has none."
        if given.anchor is not None:
            return "An anchor is used; a contract has none."
        if tag not in _PLAIN_TAGS:
            return "A tag is used; a contract has none."
        if depth > MAX_DEPTH:
            return "The file is nested too deeply."
        if given.id == "scalar" and _LONE_SURROGATE.search(str(given.value)):
            return "The text is not valid Unicode."
        return ""

    def _mapping(self, given: YamlNode, node: Node, depth: int) -> None:
        node.tag = "map"
        for key_node, value_node in given.value:
            key = _LONE_SURROGATE.sub("?", str(key_node.value)) if key_node.id == "scalar" else ""
            path = f"{node.path}.{key}" if node.path else key
            place = _place(key_node.start_mark.line, key_node.start_mark.column, path, "str")
            place.text = key
            if key_node.id != "scalar":
                evidence = "A key is a mapping or a list itself."
                self._findings.add("wrong_type", evidence, place)
                continue
            if key in node.entries:
                earlier = node.entries[key][0].line
                evidence = f"`{key}` stands here and in line {earlier}."
                self._findings.add("duplicate_key", evidence, place)
                continue
            value = self.node(value_node, path, depth + 1)
            if value.tag == "null" and not value.text:
                # What is not there has no place of its own: it is missed at its key.
                value.line, value.column = place.line, place.column
            node.entries[key] = (place, value)


_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def close_to(name: str, known: Iterable[str]) -> str | None:
    """Return the fix `Did you mean …?` when a known name is close; None otherwise."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean `{close[0]}`?" if close else None


class Reader:
    """Reads values out of nodes, and notes what they are not.

    Args:
        findings: Where to note it.
    """

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def keys(self, node: Node, known: Collection[str], later: Collection[str] = ()) -> None:
        """Note the keys of a mapping that are not known, or not built in this version."""
        for key, (place, _) in node.entries.items():
            if key in known:
                continue
            if key in later:
                evidence = f"`{key}` is known, not supported by this version."
                self.findings.add("not_supported", evidence, place)
            else:
                fix = close_to(key, [*known, *later])
                self.findings.add(
                    "unknown_key", f"`{key}` is not a key of this place.", place, fix=fix
                )

    def mapping(self, node: Node | None) -> Node | None:
        """Return a node that is a mapping; note it otherwise."""
        return self._kind(node, "map", "a mapping")

    def listed(self, node: Node | None) -> list[Node]:
        """Return the items of a list; none when it is not there."""
        found = self._kind(node, "seq", "a list")
        return [] if found is None else found.items

    def text(self, node: Node | None) -> str | None:
        """Return text; note a number or another kind."""
        found = self._kind(node, "str", "text")
        return None if found is None else found.text

    def boolean(self, node: Node | None) -> bool:
        """Return a boolean; False when it is not there."""
        found = self._kind(node, "bool", "true or false")
        return found is not None and found.text.lower() == "true"

    def whole(self, node: Node | None) -> int | None:
        """Return a whole number."""
        found = self._kind(node, "int", "a whole number")
        if found is None:
            return None
        try:
            return int(found.text.replace("_", ""), 0)
        except ValueError:
            self.findings.add("wrong_type", f"`{found.path}` must be a whole number.", found)
            return None

    def choice(
        self, node: Node | None, known: Collection[str], later: Collection[str] = ()
    ) -> str | None:
        """Return one of a few words; note what is not one of them."""
        text = self.text(node)
        if text is None or node is None or text in known:
            return text
        if text in later:
            evidence = f"`{text}` is known, not supported by this version."
            self.findings.add("not_supported", evidence, node)
        else:
            fix = close_to(text, known)
            evidence = f"`{node.path}` must be one of {', '.join(known)}."
            self.findings.add("bad_value", evidence, node, fix=fix)
        return None

    def duration_ms(self, node: Node | None, *, least_ms: int = 0) -> int | None:
        """Return a length of time in milliseconds, such as `5m`; None when it is not there."""
        text = self.text(node)
        if text is None:
            return None
        match = _DURATION.fullmatch(text)
        if match is None:
            evidence = "A length of time is a whole number and its unit: 90s, 5m, 24h."
            self.findings.add("bad_value", evidence, node)
            return None
        length_ms = int(match.group(1)) * _UNIT_MS[match.group(2)]
        if length_ms < least_ms:
            least = f"at least {least_ms // _UNIT_MS['d']}d" if least_ms > 1 else "some length"
            evidence = "The length of time is zero." if not length_ms else "It is too short."
            fix = f"Give it {least}, or remove it."
            self.findings.add("bad_value", evidence, node, fix=fix)
            return None
        return length_ms

    def relative_path(self, node: Node | None) -> str | None:
        """Return the path of a file beside the contract; note one that leads elsewhere."""
        text = self.text(node)
        if text is None or node is None:
            return None
        parts = text.split("/")
        if text.startswith("/") or ".." in parts or not text.strip() or not text.isprintable():
            evidence = f"`{node.path}` is no path that stays in the contract's folder."
            fix = "Write it from the contract's folder, as in `samples/order_paid.ndjson`."
            self.findings.add("bad_value", evidence, node, fix=fix)
            return None
        return text

    def waits(self, place: Node, until_then: str) -> None:
        """Note a key that is in order and whose rule a later version builds.

        Args:
            place: The key.
            until_then: What happens until then; a clause without its full stop.
        """
        evidence = f"`{place.text}` is not acted on yet: {until_then}."
        self.findings.add("waiting", evidence, place)

    def needed(self, parent: Node, key: str) -> Node | None:
        """Return the value of a key that must be there."""
        found = parent.get(key)
        refused = key in parent.entries and parent.entries[key][1].tag == REFUSED
        if found is None and not refused:
            self.findings.add("missing_key", f"`{key}` is missing here.", parent)
        return found

    def _kind(self, node: Node | None, tag: str, expected: str) -> Node | None:
        if node is None or node.tag == REFUSED:
            return None
        if node.tag == tag:
            return node
        self.findings.add(
            "wrong_type", f"`{node.path}` is {node.kind}; it must be {expected}.", node
        )
        return None
