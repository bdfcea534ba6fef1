"""Contracts that do not load: a good one, and what is put in its place."""

from __future__ import annotations

from dataclasses import dataclass

GOOD = """\
truthpoint: 1
shop: acme
currency: USD
workspaces:
  local: {url: "http://127.0.0.1:8710"}
  staging: {region: us, workspace_id: 11, site_id: "${SITE}", api_key: "${KEY}", app_key: "${APP}"}
sources:
  backend: {kind: app}
person:
  id: {name: customer_id, pattern: "^[0-9]+$"}
  links: [email, phone]
  unresolved: {email: quarantine, other: quarantine, none: quarantine}
  attributes:
    email: {type: email, personal: true}
    region: {type: string}
types:
  line_item:
    sku: {type: string, required: true}
    quantity: {type: integer, minimum: 1, required: true}
events:
  cart_started:
    key: [cart_id]
    properties:
      cart_id: {type: string, required: true}
  order_paid:
    key: [order_id]
    correlation: cart_id
    compare: [total]
    closes: {cart_started: {by: cart_id, skew: 5m, else: none}}
    lane: critical
    properties:
      order_id: {type: string, required: true}
      cart_id: {type: string, default: ""}
      total: {type: money, required: true}
      currency: {type: currency, required: true}
      items: {type: list, of: line_item, default: []}
rollups:
  orders_count: {count: order_paid}
  spent: {sum: order_paid.total}
"""
"""It loads; a test says so."""

Spot = tuple[str, int | None, int | None, str | None]
"""Code, line, column, path."""


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A contract that does not load, and everything that is found in it."""

    name: str
    data: bytes
    found: tuple[Spot, ...]


def swap(name: str, old: str, new: str, *found: Spot) -> Bad:
    """The good contract with one place replaced."""
    assert GOOD.count(old) == 1, (name, GOOD.count(old))
    return Bad(name=name, data=GOOD.replace(old, new).encode(), found=found)


def whole(name: str, text: str | bytes, *found: Spot) -> Bad:
    """A file of its own."""
    return Bad(name=name, data=text.encode() if isinstance(text, str) else text, found=found)


_REGION = "region: {type: string}"
_REGION_PATH = "person.attributes.region"
_NOTHING = "missing_key", 1, 1, None

FILE_CASES = (
    # --- the file
    whole("empty", "", ("empty_contract", 1, 1, None)),
    whole("comments_only", "# nothing\n", ("empty_contract", 1, 1, None)),
    whole("a_list", "- a\n", ("wrong_type", 1, 1, None)),
    whole("a_text", "hello\n", ("wrong_type", 1, 1, None)),
    whole("a_tag_on_all", "!x {}\n", ("not_yaml", 1, 1, None)),
    whole("latin_1", "truthpoint: 1\nshop: é".encode("latin-1"), ("not_utf8", 2, 1, None)),
    whole("tab", "a:\n\tb: 1\n", ("not_yaml", 2, 1, None)),
    whole("unclosed", "a: [1, 2\n", ("not_yaml", 2, 1, None)),
    whole("unclosed_text", 'a: "b\n', ("not_yaml", 2, 1, None)),
    whole("control_character", "a: 1\nb: \x07\n", ("not_yaml", 2, 4, None)),
    whole("unknown_alias", "a: *b\n", ("not_yaml", 1, 4, None)),
    whole("far_too_deep", "a: " + "[" * 2000, ("not_yaml", 1, 1, None)),
    swap(
        "too_deep",
        "default: []",
        "default: " + "[" * 60 + "]" * 60,
        (
            "not_yaml",
            36,
            87,
            "events.order_paid.properties.items.default" + "[0]" * 36,
        ),
        ("bad_default", 36, 51, "events.order_paid.properties.items.default"),
    ),
    swap("second_document", "  spent:", "---\nx:", ("not_yaml", 40, 1, None)),
    swap("anchor", "shop: acme", "shop: &x acme", ("not_yaml", 2, 7, "shop")),
    swap("tag", "shop: acme", "shop: !x acme", ("not_yaml", 2, 7, "shop")),
    swap("lone_surrogate", "shop: acme", 'shop: "\\ud800"', ("not_yaml", 2, 7, "shop")),
    swap(
        "surrogate_in_a_key", "shop: acme", 'shop: acme\n"\\ud800": 1', ("unknown_key", 3, 1, "?")
    ),
    swap("key_is_a_list", "shop: acme", "shop: acme\n? [a]\n: 1", ("wrong_type", 3, 3, None)),
    swap(
        "alias",
        "shop: acme",
        "shop: &x acme\ntypo: *x",
        ("not_yaml", 2, 7, "shop"),
        ("unknown_key", 3, 1, "typo"),
        ("not_yaml", 2, 7, "typo"),
    ),
    # --- the top
    whole("nothing_in_it", "{}", *((_NOTHING,) * 5)),
    swap("unknown_key", "shop: acme", "shop: acme\nshpo: b", ("unknown_key", 3, 1, "shpo")),
    swap("duplicate_key", "shop: acme", "shop: acme\nshop: b", ("duplicate_key", 3, 1, "shop")),
    swap(
        "known_later", "shop: acme", "shop: acme\ninclude: []", ("not_supported", 3, 1, "include")
    ),
    swap("format", "truthpoint: 1", "truthpoint: 2", ("bad_value", 1, 13, "truthpoint")),
    swap("format_text", "truthpoint: 1", 'truthpoint: "1"', ("wrong_type", 1, 13, "truthpoint")),
    swap("format_odd", "truthpoint: 1", "truthpoint: 010", ("wrong_type", 1, 13, "truthpoint")),
    swap("no_shop", "shop: acme\n", "", ("missing_key", 1, 1, None)),
    swap("null_shop", "shop: acme", "shop: ~", ("missing_key", 1, 1, None)),
    swap("blank_shop", "shop: acme", 'shop: " "', ("bad_value", 2, 7, "shop")),
    swap("number_shop", "shop: acme", "shop: 7", ("wrong_type", 2, 7, "shop")),
    swap("lower_currency", "currency: USD", "currency: usd", ("bad_value", 3, 11, "currency")),
    swap("no_currency", "currency: USD", "currency: XXX", ("bad_value", 3, 11, "currency")),
    # --- workspaces
    swap(
        "far_local",
        "http://127.0.0.1:8710",
        "https://track.customer.io",
        ("workspace_url", 5, 16, "workspaces.local.url"),
    ),
    swap(
        "password_in_url",
        "http://127",
        "http://a:b@127",
        ("workspace_url", 5, 16, "workspaces.local.url"),
    ),
    swap("port", ":8710", ":99999", ("workspace_url", 5, 16, "workspaces.local.url")),
    swap(
        "url_kind", '"http://127.0.0.1:8710"', "8710", ("wrong_type", 5, 16, "workspaces.local.url")
    ),
    swap(
        "url_of_staging",
        "staging: {",
        'staging: {url: "http://127.0.0.1",',
        ("workspace_url", 6, 13, "workspaces.staging.url"),
    ),
    swap("region", "region: us,", "region: ue,", ("bad_value", 6, 21, "workspaces.staging.region")),
    swap(
        "workspace_id",
        "workspace_id: 11",
        "workspace_id: 0",
        ("bad_value", 6, 39, "workspaces.staging.workspace_id"),
    ),
    swap("no_site", 'site_id: "${SITE}", ', "", ("missing_key", 6, 12, "workspaces.staging")),
    swap("literal", '"${KEY}"', "hunter2", ("secret_literal", 6, 72, "workspaces.staging.api_key")),
    swap("number", '"${KEY}"', "1234567", ("secret_literal", 6, 72, "workspaces.staging.api_key")),
    swap("half", '"${KEY}"', '"x${KEY}"', ("secret_literal", 6, 72, "workspaces.staging.api_key")),
    swap("no_quotes", '"${KEY}"', "${KEY}", ("unquoted_secret", 6, 73, None)),
    swap("braces", '"${KEY}"', "{KEY}", ("unquoted_secret", 6, 72, "workspaces.staging.api_key")),
    swap(
        "workspace_kind",
        "  staging: {",
        "  other: 5\n  staging: {",
        ("wrong_type", 6, 10, "workspaces.other"),
    ),
    swap("workspace_name", "  staging:", "  Staging:", ("bad_name", 6, 3, "workspaces.Staging")),
    # --- sources
    swap("source_name", "  backend:", "  Back-end:", ("bad_name", 8, 3, "sources.Back-end")),
    swap("source_kind", "kind: app", "kind: ap", ("bad_value", 8, 19, "sources.backend.kind")),
    swap(
        "source_later",
        "kind: app",
        "kind: stripe",
        ("not_supported", 8, 19, "sources.backend.kind"),
    ),
    swap(
        "source_text",
        "{kind: app}",
        "app",
        ("wrong_type", 8, 12, "sources.backend"),
        ("missing_key", 8, 3, "sources"),
    ),
    swap(
        "two_sources",
        "{kind: app}",
        "{kind: app}\n  other: {kind: app}",
        ("owner_needed", 23, 5, "events.cart_started"),
        ("owner_needed", 27, 5, "events.order_paid"),
    ),
    # --- person
    swap(
        "id_kind",
        '{name: customer_id, pattern: "^[0-9]+$"}',
        "customer_id",
        ("wrong_type", 10, 7, "person.id"),
    ),
    swap("pattern", '"^[0-9]+$"', '"["', ("bad_pattern", 10, 36, "person.id.pattern")),
    swap(
        "link_id",
        "links: [email,",
        "links: [id,",
        ("bad_name", 11, 11, "person.links[0]"),
        ("unknown_key", 12, 16, "person.unresolved.email"),
    ),
    swap(
        "link_twice",
        "links: [email,",
        "links: [phone, email,",
        ("duplicate_key", 11, 25, "person.links[2]"),
    ),
    swap("link_kind", "[email, phone]", "[email, 5]", ("wrong_type", 11, 18, "person.links[1]")),
    swap(
        "unresolved_key",
        "other: quarantine",
        "othr: quarantine",
        ("unknown_key", 12, 35, "person.unresolved.othr"),
    ),
    swap(
        "unresolved_value",
        "other: quarantine",
        "other: {hold: 1}",
        ("wrong_type", 12, 49, "person.unresolved.other.hold"),
    ),
    swap(
        "unresolved_all",
        "{email: quarantine, other: quarantine, none: quarantine}",
        "anonymous",
        ("bad_value", 12, 15, "person.unresolved"),
    ),
    swap(
        "own_attribute",
        "    region:",
        "    cio_id:",
        ("reserved_name", 15, 5, "person.attributes.cio_id"),
    ),
    swap(
        "default_attribute",
        _REGION,
        "region: {type: string, default: x}",
        ("bad_value", 15, 28, f"{_REGION_PATH}.default"),
    ),
)
