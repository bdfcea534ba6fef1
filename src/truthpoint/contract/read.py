"""Reading a contract: the top of the file, sources and workspaces."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from truthpoint.errors import ContractInvalid

from .buckets import bucket_places, read_buckets
from .events import EventReader
from .model import RAW_RETENTION_MS, Contract, Secret, Source, Workspace
from .nodes import Findings, Node, Reader, parse
from .people import check_holds, read_person
from .rollups import read_rollups
from .sections import SECTIONS, SectionReader
from .types import TypeReader, check_name, known_currency, names
from .versions import check_counted

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_LOCAL_URL: Final = "http://127.0.0.1:8710"
"""Where the local workspace listens unless told otherwise (design, section 5)."""

_TOP: Final = (
    "truthpoint",
    "shop",
    "currency",
    "workspaces",
    "sources",
    "person",
    "types",
    "events",
    "rollups",
    "raw_retention",
    *SECTIONS,
)
_TOP_LATER: Final = ("include",)
_SOURCE_KINDS_LATER: Final = (
    "stripe",
    "shopify",
    "woocommerce",
    "bigcommerce",
    "paddle",
    "paypal",
    "adyen",
    "klarna",
    "recharge",
    "chargebee",
    "generic",
    "standard_webhooks",
    "gateway",
)
_SOURCE_KINDS: Final = ("app", "customerio")
_LEAST_RETENTION_MS: Final = 86_400_000
_SECRET: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def read(data: bytes, *, file: str) -> Contract:
    """Return the contract in a file's bytes.

    Args:
        data: The whole file: YAML 1.2 in UTF-8.
        file: Its path as the user gave it, for findings.

    Returns:
        The contract; its `notes` say which keys wait for a later version, and what
            loads and is likely not meant.

    Raises:
        ContractInvalid: It does not load; the error carries everything that is wrong, in
            the order of the file.
    """
    findings = Findings(file)
    top = parse(data, findings)
    contract = None if top is None else _Top(top, findings).read(sha256(data).hexdigest()[:16])
    if findings.errors or contract is None:
        raise ContractInvalid(file, findings.sorted())
    return replace(contract, notes=findings.sorted(notes=True))


class _Top:
    """Reads the top of the file, section by section."""

    def __init__(self, top: Node, findings: Findings) -> None:
        self._top = top
        self._findings = findings
        self._reader = Reader(findings)

    def read(self, fingerprint: str) -> Contract:
        reader, top = self._reader, self._top
        reader.keys(top, _TOP, _TOP_LATER)
        self._format()
        shop = self._shop()
        currency = self._currency()
        types = TypeReader(reader, reader.mapping(top.get("types")), currency)
        types.read_all()
        person_node = reader.needed(top, "person")
        person = read_person(reader, types, person_node)
        attributes = None if person_node is None else person_node.get("attributes")
        sources = self._sources()
        events_node = reader.needed(top, "events")
        qa = top.get("qa") is not None
        events = EventReader(reader, types, sources, links=person.links, qa=qa).read(events_node)
        check_holds(reader, person_node, person, events)
        taken = (*names(person.attributes), *bucket_places(attributes))
        rollups = read_rollups(reader, top.get("rollups"), events, taken, currency)
        if events_node is not None:
            check_counted(reader, rollups, events, events_node.entries)
        sections = SectionReader(reader, top, events)
        return Contract(
            shop=shop,
            currency=currency,
            person=person,
            events=events,
            rollups=rollups,
            buckets=read_buckets(reader, attributes, rollups),
            sources=sources,
            workspaces=self._workspaces(),
            catalog=sections.catalog(),
            qa=sections.qa(person.attributes, (*bucket_places(attributes), *rollups)),
            stops=sections.stops(),
            segments=sections.path("segments"),
            templates=sections.path("templates"),
            raw_retention_ms=self._raw_retention_ms(),
            fingerprint=fingerprint,
        )

    def _raw_retention_ms(self) -> int:
        node = self._top.get("raw_retention")
        kept_ms = self._reader.duration_ms(node, least_ms=_LEAST_RETENTION_MS)
        return RAW_RETENTION_MS if kept_ms is None else kept_ms

    def _shop(self) -> str:
        """Return the shop's name, which is part of every event id."""
        node = self._reader.needed(self._top, "shop")
        shop = self._reader.text(node)
        if shop is not None and (not shop.strip() or not shop.isprintable()):
            evidence = "`shop` is some text without control characters."
            self._findings.add("bad_value", evidence, node, fix="Give the shop a name, for good.")
        return shop or ""

    def _format(self) -> None:
        node = self._reader.needed(self._top, "truthpoint")
        version = self._reader.whole(node)
        if version not in (None, 1):
            self._findings.add("bad_value", "`truthpoint` must be 1, the format's version.", node)

    def _currency(self) -> str:
        node = self._top.get("currency")
        code = self._reader.text(node) or "USD"
        if not known_currency(code):
            fix = f"Did you mean `{code.upper()}`?" if known_currency(code.upper()) else None
            evidence = "`currency` is no active ISO 4217 code."
            self._findings.add("bad_value", evidence, node, fix=fix)
            return "USD"
        return code

    def _sources(self) -> Mapping[str, Source]:
        reader = self._reader
        node = reader.mapping(reader.needed(self._top, "sources"))
        found: dict[str, Source] = {}
        for name, (place, value) in ({} if node is None else node.entries).items():
            check_name(self._reader, name, "a source", place)
            spec = reader.mapping(value)
            if spec is None:
                continue
            reader.keys(spec, ("kind", "description"), ("secret", "fallback"))
            kind = reader.choice(reader.needed(spec, "kind"), _SOURCE_KINDS, _SOURCE_KINDS_LATER)
            found[name] = Source(name=name, kind=kind or "app")
        if node is not None and not found:
            self._findings.add("missing_key", "No source is declared.", node)
        return found

    def _workspaces(self) -> Mapping[str, Workspace]:
        node = self._reader.mapping(self._top.get("workspaces"))
        found = {"local": Workspace(name="local", url=DEFAULT_LOCAL_URL)}
        for name, (place, value) in ({} if node is None else node.entries).items():
            check_name(self._reader, name, "a workspace", place)
            spec = self._reader.mapping(value)
            if spec is not None:
                found[name] = self._local(spec) if name == "local" else self._remote(name, spec)
        return found

    def _local(self, spec: Node) -> Workspace:
        self._reader.keys(spec, ("url",))
        node = spec.get("url")
        url = DEFAULT_LOCAL_URL if node is None else self._reader.text(node)
        if url is None:
            return Workspace(name="local", url=DEFAULT_LOCAL_URL)
        if not _is_loopback(url):
            evidence = "`local` must have a plain loopback url, such as http://127.0.0.1:8710."
            self._findings.add("workspace_url", evidence, node)
        return Workspace(name="local", url=url.removesuffix("/"))

    def _remote(self, name: str, spec: Node) -> Workspace:
        reader = self._reader
        reader.keys(spec, ("region", "workspace_id", "site_id", "api_key", "app_key", "url"))
        if "url" in spec.entries:
            evidence = "Only `local` has a `url`; another workspace is reached by its region."
            self._findings.add("workspace_url", evidence, spec.entries["url"][0])
        id_node = reader.needed(spec, "workspace_id")
        workspace_id = reader.whole(id_node)
        if workspace_id is not None and workspace_id < 1:
            self._findings.add("bad_value", "`workspace_id` must be 1 or more.", id_node)
        return Workspace(
            name=name,
            region=reader.choice(reader.needed(spec, "region"), ("us", "eu")),
            workspace_id=workspace_id,
            site_id=self._secret(reader.needed(spec, "site_id")),
            api_key=self._secret(reader.needed(spec, "api_key")),
            app_key=self._secret(spec.get("app_key")),
        )

    def _secret(self, node: Node | None) -> Secret | None:
        """Return a secret by its variable; a literal is refused and never shown."""
        if node is None:
            return None
        if node.tag in ("map", "seq"):
            evidence = f"`{node.path}` is written without quotes."
            self._findings.add("unquoted_secret", evidence, node)
            return None
        match = _SECRET.fullmatch(node.text)
        if match is None:
            evidence = f"`{node.path}` is not the name of an environment variable."
            self._findings.add("secret_literal", evidence, node)
            return None
        return Secret(variable=match.group(1))


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    # A password in the address would be shown wherever the address is.
    plain = parts.username is None and parts.path in ("", "/") and not parts.query
    loopback = parts.scheme in ("http", "https") and parts.hostname in _LOOPBACK
    return loopback and plain and not parts.fragment and port != 0
