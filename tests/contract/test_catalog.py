"""The catalog: rows by their name, what is wrong with the file, and where it is read."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_ruling_keys import BUILT, CONTRACT

from truthpoint.contract import read
from truthpoint.contract.catalog import read_catalog, with_catalog
from truthpoint.errors import ContractInvalid, UsageError
from truthpoint.runtime import load_contract

TOYS = "sku,title,url\nB-1,Bear,https://toys.test/bear\nC-1,Car,\n"


def wrong(text: str) -> list[tuple[int | None, str]]:
    with pytest.raises(ContractInvalid) as caught:
        read_catalog(text, "sku", file="toys.csv")
    assert {("bad_catalog", "toys.csv")} == {
        (one.code, one.where.file) for one in caught.value.findings
    }
    return [(one.where.line, one.evidence) for one in caught.value.findings]


def test_a_row_is_found_by_its_name() -> None:
    """An empty cell says nothing, so that it completes nothing."""
    assert {
        "B-1": {"sku": "B-1", "title": "Bear", "url": "https://toys.test/bear"},
        "C-1": {"sku": "C-1", "title": "Car"},
    } == read_catalog(TOYS, "sku")


def test_quotes_line_breaks_empty_lines_and_spaces_are_read_as_csv_has_them() -> None:
    """As spreadsheets write them."""
    text = '\r\nsku , title\r\n\r\n B-1 ,"Bear, ""big""\r\nand brown"\r\n , \r\n'

    assert {"B-1": {"sku": "B-1", "title": 'Bear, "big"\r\nand brown'}} == read_catalog(text, "sku")


@given(
    st.dictionaries(
        st.text("abcäß ,\"'", min_size=1).map(str.strip).filter(bool),
        st.text("xyz,\"\n '").map(str.strip),
        min_size=1,
    )
)
def test_what_was_written_as_csv_is_always_read_back(rows: dict[str, str]) -> None:
    """Whatever stands in the cells."""
    file = StringIO(newline="")
    csv.writer(file).writerows([("title", "sku"), *((title, sku) for sku, title in rows.items())])

    assert rows == {
        sku: row.get("title", "") for sku, row in read_catalog(file.getvalue(), "sku").items()
    }


@pytest.mark.parametrize(
    ("text", "line", "evidence"),
    [
        ("", 1, "empty"),
        ("\n , \n", 1, "empty"),
        ("name,title\nB-1,Bear\n", 1, "No column is called `sku`"),
        ("sku,title,title\nB-1,Bear,Bear\n", 1, "Two columns are called `title`"),
        ("\nsku,\nB-1,Bear\n", 2, "A column has no name"),
        ("sku,title\n", 1, "holds no row"),
        ("sku,title\nB-1\n", 2, "1 cells; 2 are named"),
        ("sku,title\nB-1,Bear,\n", 2, "3 cells; 2 are named"),
        ("sku,title\n,Bear\n", 2, "`sku` is empty"),
        ('sku,title\nB-1,"Bear\nbig"\nB-1,Car\n', 4, "the one in line 2"),
        ('sku,title\nB-1,"Bear" big\n', 2, "no CSV"),
        ('sku,title\nB-1,"Bear\n\n', 2, "no CSV"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, evidence: str) -> None:
    """And what stands there is not repeated."""
    ((where, told),) = wrong(text)

    assert line == where
    assert evidence in told
    assert "Bear" not in told


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file() -> None:
    """One run of the spreadsheet mends it."""
    assert [2, 3, 5] == [line for line, _ in wrong("sku,title\n,Bear\nB-1\nC-1,Car\nC-1,Car\n")]


def test_a_contract_gets_the_rows_of_the_file_that_it_names() -> None:
    """Its fingerprint stays: a catalog changes daily. A mark of UTF-8 is read over."""
    filled = with_catalog(CONTRACT, b"\xef\xbb\xbf" + TOYS.encode(), file="toys.csv")

    assert read_catalog(TOYS, "sku") == filled.catalog_rows
    assert ({}, CONTRACT.fingerprint) == (CONTRACT.catalog_rows, filled.fingerprint)


def test_a_contract_without_a_catalog_stays_as_it_is() -> None:
    """Nothing is read for it."""
    contract = read(BUILT.replace("catalog: {file: toys.csv, by: sku}\n", "").encode(), file="t")

    assert contract is with_catalog(contract, b"\xff", file="toys.csv")


def test_other_bytes_than_utf_8_are_refused_with_their_line() -> None:
    """As older spreadsheets write them."""
    with pytest.raises(ContractInvalid) as caught:
        with_catalog(CONTRACT, b"sku,title\nB-1,B\xe4r\n", file="toys.csv")

    (one,) = caught.value.findings
    assert ("bad_catalog", 2) == (one.code, one.where.line)


def test_the_catalog_is_read_beside_the_contract(tmp_path) -> None:
    """Wherever the command runs; a file that is not there is named, with what to do."""
    path = tmp_path / "tracking.yaml"
    path.write_text(BUILT)

    with pytest.raises(UsageError, match=r"The catalog .*toys\.csv cannot be read") as caught:
        load_contract(str(path))
    assert "`catalog`" in str(caught.value.hint)

    (tmp_path / "toys.csv").write_text(TOYS)
    assert {"B-1", "C-1"} == load_contract(str(path)).catalog_rows.keys()
