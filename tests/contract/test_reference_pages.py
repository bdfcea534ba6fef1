"""The reference of contract and records: its examples are in order, and it names every key."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from truthpoint.contract import events, read, rollups, types
from truthpoint.contract.model import Extra, Foreign, Kind, RollupKind
from truthpoint.core.examine import Examiner, Identity, Moment
from truthpoint.core.records import Record, RecordType, read_record
from truthpoint.values.instants import from_iso

PAGES = Path(__file__).parents[2] / "docs" / "reference"
TOP = importlib.import_module("truthpoint.contract.read")


def page(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def block(name: str, language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)
    return found


CONTRACT = read(block("contract.md", "yaml").encode(), file="tracking.yaml")
RECORDS = block("records.md", "json").splitlines()


def test_the_example_contract_uses_every_section() -> None:
    """It loads; that it does is proven by importing this file."""
    assert list(CONTRACT.events) == ["checkout_started", "order_paid", "order_refunded"]
    assert list(RollupKind) == [one.kind for one in CONTRACT.rollups.values()]
    assert set(CONTRACT.workspaces) == {"local", "production"}
    assert CONTRACT.events["order_paid"].closes[0].skew_ms == 300_000


@pytest.mark.parametrize("line", RECORDS)
def test_the_example_records_are_in_order_without_a_remark(line: str) -> None:
    """Under the example contract of the other page."""
    captured_at_ms = from_iso("2026-11-20T12:00:00Z")
    record = read_record(line.encode(), source="backend", captured_at_ms=captured_at_ms)
    examined = Examiner(CONTRACT).examine(record)

    assert isinstance(record, Record)
    assert isinstance(examined, Moment | Identity)
    assert examined.findings == ()


LATER = (
    *TOP._TOP_LATER,
    *TOP._SOURCE_KINDS_LATER,
    *events._LATER,
    *types._LATER,
)


@pytest.mark.parametrize(
    "key", sorted({*TOP._TOP, *events._KEYS, *types._PROPERTY_KEYS, *rollups._KEYS})
)
def test_every_key_stands_in_the_reference(key: str) -> None:
    """Nothing can be written that is not described."""
    assert f"`{key}`" in page("contract.md")


@pytest.mark.parametrize("word", sorted({*Kind, *Extra, *Foreign, *LATER, *types.RESERVED}))
def test_every_word_stands_in_the_reference(word: str) -> None:
    """Types, choices, what is reserved, and what is known and not supported."""
    assert f"`{word}`" in page("contract.md")


def test_every_key_of_a_record_stands_in_the_reference() -> None:
    """Of every type of record."""
    records = importlib.import_module("truthpoint.core.records")
    keys = {key for of_type in records._KEYS.values() for key in of_type}

    assert all(f"| `{key}` |" in page("records.md") for key in keys)
    assert all(f"`{one}`" in page("records.md") for one in RecordType)
