"""Contracts whose events or rollups do not load."""

from __future__ import annotations

from bad_contracts import swap

EVENT_CASES = (
    # --- events
    swap(
        "event_name",
        "  cart_started:\n",
        "  Cart:\n",
        ("bad_name", 21, 3, "events.Cart"),
        ("unknown_event", 29, 14, "events.order_paid.closes.cart_started"),
    ),
    swap(
        "null_event",
        "rollups:",
        "  extra_event:\nrollups:",
        ("wrong_type", 37, 3, "events.extra_event"),
    ),
    swap(
        "event_later",
        "lane: critical",
        "lane: critical\n    supersedes: x",
        ("not_supported", 31, 5, "events.order_paid.supersedes"),
    ),
    swap(
        "lane", "lane: critical", "lane: critcal", ("bad_value", 30, 11, "events.order_paid.lane")
    ),
    swap(
        "lane_later",
        "lane: critical",
        "lane: backfill",
        ("not_supported", 30, 11, "events.order_paid.lane"),
    ),
    swap(
        "violation",
        "lane: critical",
        "on_violation: send_minimum",
        ("bad_value", 30, 19, "events.order_paid.on_violation"),
    ),
    swap(
        "version",
        "lane: critical",
        "version: 0",
        ("bad_value", 30, 14, "events.order_paid.version"),
    ),
    swap(
        "owner",
        "lane: critical",
        "owner: bakcend",
        ("unknown_source", 30, 12, "events.order_paid.owner"),
    ),
    swap(
        "owner_kind",
        "lane: critical",
        "owner: 5",
        ("wrong_type", 30, 12, "events.order_paid.owner"),
    ),
    swap(
        "key",
        "key: [order_id]",
        "key: [order]",
        ("not_a_property", 26, 11, "events.order_paid.key[0]"),
    ),
    swap(
        "key_kind",
        "key: [order_id]",
        "key: [5]",
        ("wrong_type", 26, 11, "events.order_paid.key[0]"),
        ("rollup_without_key", 38, 25, "rollups.orders_count.count"),
        ("rollup_without_key", 39, 16, "rollups.spent.sum"),
    ),
    swap(
        "key_text",
        "key: [order_id]",
        "key: order_id",
        ("wrong_type", 26, 10, "events.order_paid.key"),
        ("rollup_without_key", 38, 25, "rollups.orders_count.count"),
        ("rollup_without_key", 39, 16, "rollups.spent.sum"),
    ),
    swap(
        "key_optional",
        "key: [order_id]",
        "key: [cart_id]",
        ("key_not_usable", 26, 11, "events.order_paid.key[0]"),
    ),
    swap(
        "key_money",
        "key: [order_id]",
        "key: [total]",
        ("key_not_usable", 26, 11, "events.order_paid.key[0]"),
    ),
    swap(
        "key_twice",
        "key: [order_id]",
        "key: [at, at]",
        ("duplicate_key", 26, 15, "events.order_paid.key[1]"),
    ),
    swap(
        "correlation",
        "correlation: cart_id",
        "correlation: cart",
        ("not_a_property", 27, 18, "events.order_paid.correlation"),
    ),
    swap(
        "correlation_list",
        "correlation: cart_id",
        "correlation: items",
        ("bad_value", 27, 18, "events.order_paid.correlation"),
    ),
    swap(
        "compare",
        "compare: [total]",
        "compare: [totl]",
        ("not_a_property", 28, 15, "events.order_paid.compare[0]"),
    ),
    swap(
        "compare_twice",
        "compare: [total]",
        "compare: [total, total]",
        ("duplicate_key", 28, 22, "events.order_paid.compare[1]"),
    ),
    swap(
        "compare_kind",
        "compare: [total]",
        "compare: [[]]",
        ("wrong_type", 28, 15, "events.order_paid.compare[0]"),
    ),
    swap(
        "closes_unknown",
        "closes: {cart_started",
        "closes: {cart_startd",
        ("unknown_event", 29, 14, "events.order_paid.closes.cart_startd"),
    ),
    swap(
        "closes_itself",
        "closes: {cart_started",
        "closes: {order_paid",
        ("bad_value", 29, 14, "events.order_paid.closes.order_paid"),
    ),
    swap(
        "closes_by",
        "{by: cart_id,",
        "{by: order_id,",
        ("not_a_property", 29, 33, "events.order_paid.closes.cart_started.by"),
    ),
    swap(
        "closes_no_by",
        "{by: cart_id,",
        "{",
        ("missing_key", 29, 28, "events.order_paid.closes.cart_started"),
    ),
    swap(
        "closes_list",
        "{cart_started: {by: cart_id, skew: 5m, else: none}}",
        "[cart_started]",
        ("wrong_type", 29, 13, "events.order_paid.closes"),
    ),
    swap(
        "skew",
        "skew: 5m",
        "skew: 5 minutes",
        ("bad_value", 29, 48, "events.order_paid.closes.cart_started.skew"),
    ),
    swap(
        "skew_number",
        "skew: 5m",
        "skew: 300",
        ("wrong_type", 29, 48, "events.order_paid.closes.cart_started.skew"),
    ),
    swap(
        "else",
        "else: none",
        "else: persons",
        ("bad_value", 29, 58, "events.order_paid.closes.cart_started.else"),
    ),
    swap(
        "wire",
        "lane: critical",
        "wire: cart_started",
        ("wire_name_taken", 30, 11, "events.order_paid.wire"),
    ),
    swap(
        "wire_empty", "lane: critical", 'wire: ""', ("bad_name", 30, 11, "events.order_paid.wire")
    ),
    swap(
        "wire_space", "lane: critical", 'wire: "a "', ("bad_name", 30, 11, "events.order_paid.wire")
    ),
    swap(
        "wire_long",
        "lane: critical",
        f"wire: {'é' * 51}",
        ("too_long", 30, 11, "events.order_paid.wire"),
    ),
    swap(
        "currency_type",
        "currency: {type: currency,",
        "currency: {type: string,",
        ("bad_value", 35, 7, "events.order_paid.properties.currency"),
    ),
    # --- rollups
    swap("rollup_name", "  spent:", "  Spent:", ("bad_name", 39, 3, "rollups.Spent")),
    swap("rollup_taken", "  spent:", "  region:", ("rollup_name_taken", 39, 3, "rollups.region")),
    swap("rollup_is_id", "  spent:", "  id:", ("reserved_name", 39, 3, "rollups.id")),
    swap("rollup_is_topic", "  spent:", "  cio_x:", ("reserved_name", 39, 3, "rollups.cio_x")),
    swap(
        "rollup_text",
        "spent: {sum: order_paid.total}",
        "spent: 5",
        ("wrong_type", 39, 10, "rollups.spent"),
    ),
    swap(
        "rollup_empty",
        "spent: {sum: order_paid.total}",
        "spent: {}",
        ("missing_key", 39, 10, "rollups.spent"),
    ),
    swap(
        "rollup_two_rules",
        "spent: {sum: order_paid.total}",
        "spent: {sum: order_paid.total, per_currency: true}",
        ("unknown_key", 39, 34, "rollups.spent.per_currency"),
    ),
    swap(
        "rollup_two",
        "{count: order_paid}",
        "{count: order_paid, latest: order_paid}",
        ("bad_value", 38, 17, "rollups.orders_count"),
    ),
    swap(
        "rollup_minus",
        "{count: order_paid}",
        "{count: order_paid, minus: order_paid.total}",
        ("bad_value", 38, 37, "rollups.orders_count.minus"),
    ),
    swap(
        "rollup_event",
        "{count: order_paid}",
        "{count: order_payd}",
        ("unknown_event", 38, 25, "rollups.orders_count.count"),
    ),
    swap(
        "rollup_dotted",
        "{count: order_paid}",
        "{count: order_paid.total}",
        ("unknown_event", 38, 25, "rollups.orders_count.count"),
    ),
    swap(
        "rollup_plain",
        "{sum: order_paid.total}",
        "{sum: order_paid}",
        ("bad_value", 39, 16, "rollups.spent.sum"),
    ),
    swap(
        "rollup_property",
        "{sum: order_paid.total}",
        "{sum: order_paid.totl}",
        ("not_a_property", 39, 16, "rollups.spent.sum"),
    ),
    swap(
        "rollup_kind",
        "{sum: order_paid.total}",
        "{sum: order_paid.order_id}",
        ("rollup_property", 39, 16, "rollups.spent.sum"),
    ),
    swap(
        "rollup_mixed",
        "{sum: order_paid.total}",
        "{sum: order_paid.total, minus: order_paid.cart_id}",
        ("rollup_property", 39, 10, "rollups.spent"),
        ("rollup_property", 39, 41, "rollups.spent.minus"),
    ),
)
