"""Contracts whose types or properties do not load."""

from __future__ import annotations

from bad_contracts import swap

_TOTAL = "total: {type: money, required: true}"
_TOTAL_PATH = "events.order_paid.properties.total"
_REGION = "region: {type: string}"
_REGION_PATH = "person.attributes.region"

TYPE_CASES = (
    swap(
        "property_pattern",
        _REGION,
        'region: {type: string, pattern: "["}',
        ("bad_pattern", 15, 37, f"{_REGION_PATH}.pattern"),
    ),
    # --- types and properties
    swap("no_type", _REGION, "region: {}", ("missing_key", 15, 13, _REGION_PATH)),
    swap("null_property", _REGION, "region:", ("wrong_type", 15, 5, _REGION_PATH)),
    swap(
        "unknown_type",
        _REGION,
        "region: {type: strin}",
        ("unknown_type", 15, 20, f"{_REGION_PATH}.type"),
    ),
    swap(
        "property_later",
        _REGION,
        "region: {type: string, nullable: true}",
        ("not_supported", 15, 28, f"{_REGION_PATH}.nullable"),
    ),
    swap(
        "unknown_rollup",
        _REGION,
        "region: {bucket: spend, steps: {none: 0}}",
        ("unknown_rollup", 15, 22, f"{_REGION_PATH}.bucket"),
    ),
    swap(
        "odd_key",
        _REGION,
        "region: {type: string, unit: s}",
        ("bad_value", 15, 28, f"{_REGION_PATH}.unit"),
    ),
    swap(
        "odd_key_of_named",
        _REGION,
        "region: {type: line_item, minimum: 1}",
        ("bad_value", 15, 31, f"{_REGION_PATH}.minimum"),
    ),
    swap(
        "personal",
        "personal: true",
        "personal: yes",
        ("wrong_type", 14, 36, "person.attributes.email.personal"),
    ),
    swap(
        "bounds",
        "minimum: 1,",
        "minimum: 2, maximum: 1,",
        ("bad_value", 19, 31, "types.line_item.quantity.minimum"),
    ),
    swap(
        "bound_kind",
        "minimum: 1,",
        "minimum: [],",
        ("wrong_type", 19, 40, "types.line_item.quantity.minimum"),
    ),
    swap(
        "bound_text",
        "minimum: 1,",
        "minimum: x,",
        ("wrong_type", 19, 40, "types.line_item.quantity.minimum"),
    ),
    swap(
        "bound_huge",
        "minimum: 1,",
        "minimum: 1e999999999,",
        ("bad_value", 19, 40, "types.line_item.quantity.minimum"),
    ),
    swap(
        "enum",
        _REGION,
        "region: {type: string, enum: []}",
        ("bad_value", 15, 34, f"{_REGION_PATH}.enum"),
    ),
    swap(
        "type_name",
        "  line_item:",
        "  string:",
        ("bad_name", 17, 3, "types.string"),
        ("unknown_type", 36, 31, "events.order_paid.properties.items.of"),
    ),
    swap(
        "empty_type",
        "  line_item:",
        "  empty: {}\n  line_item:",
        ("missing_key", 17, 10, "types.empty"),
    ),
    swap(
        "cycle",
        "sku: {type: string, required: true}",
        "sku: {type: line_item, required: true}",
        ("type_cycle", 18, 17, "types.line_item.sku.type"),
    ),
    swap(
        "no_of",
        "of: line_item, ",
        "",
        ("missing_key", 36, 14, "events.order_paid.properties.items"),
    ),
    swap(
        "list_of_list",
        "of: line_item",
        "of: list",
        ("bad_value", 36, 31, "events.order_paid.properties.items.of"),
    ),
    swap(
        "of_number",
        "of: line_item",
        "of: 5",
        ("wrong_type", 36, 31, "events.order_paid.properties.items.of"),
    ),
    swap(
        "of_key",
        "of: line_item",
        "of: {type: string, required: true}",
        ("unknown_key", 36, 46, "events.order_paid.properties.items.of.required"),
    ),
    swap("neither", _TOTAL, "total: {type: money}", ("required_or_default", 34, 7, _TOTAL_PATH)),
    swap(
        "default",
        _TOTAL,
        "total: {type: money, default: x}",
        ("bad_default", 34, 37, f"{_TOTAL_PATH}.default"),
    ),
    swap(
        "null_default",
        _TOTAL,
        "total: {type: money, default: ~}",
        ("bad_default", 34, 37, f"{_TOTAL_PATH}.default"),
    ),
    swap(
        "default_kind",
        _TOTAL,
        "total: {type: money, default: .inf}",
        ("bad_default", 34, 37, f"{_TOTAL_PATH}.default"),
    ),
    swap(
        "default_bounds",
        _TOTAL,
        "total: {type: money, minimum: 1, default: 0}",
        ("bad_default", 34, 49, f"{_TOTAL_PATH}.default"),
    ),
    swap(
        "reserved",
        "      currency:",
        "      event_id: {type: string, required: true}\n      currency:",
        ("reserved_name", 35, 7, "events.order_paid.properties.event_id"),
    ),
    swap(
        "long_name",
        "      currency:",
        f"      {'x' * 151}: {{type: string, required: true}}\n      currency:",
        ("too_long", 35, 7, f"events.order_paid.properties.{'x' * 151}"),
    ),
)
