"""Reading the catalog: a CSV file whose rows complete what line items leave out."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

from msgspec.structs import replace

from truthpoint.errors import ContractInvalid
from truthpoint.findings import Finding, Where, finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .model import Contract


def with_catalog(contract: Contract, data: bytes, *, file: str) -> Contract:
    """Return a contract with the rows of its catalog.

    The fingerprint stays that of the contract's own file: a shop's catalog changes daily.

    Args:
        contract: A contract that names a catalog; one that names none is returned as it is.
        data: The whole file.
        file: Its path as it is shown, for findings.

    Raises:
        ContractInvalid: The file is no such table; the error carries all that is wrong.
    """
    if contract.catalog is None:
        return contract
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        evidence = f"Line {line} holds bytes that are not UTF-8."
        raise ContractInvalid(file, [_bad(evidence, file, line)]) from None
    return replace(contract, catalog_rows=read_catalog(text, contract.catalog.by, file=file))


def read_catalog(
    text: str, by: str, *, file: str = "catalog.csv"
) -> Mapping[str, Mapping[str, str]]:
    """Return the rows of a catalog: each column's text, by the value of the naming column.

    An empty cell says nothing, and is left out.

    Args:
        text: The whole file; its first line names the columns.
        by: The column that names the row.
        file: Its path as it is shown, for findings.

    Raises:
        ContractInvalid: The column is missing, a row is named twice or not at all, or the
            file is no table; the error carries all that is wrong, in the order of the file.
    """
    table = _Table(file)
    try:
        rows = table.rows(text, by)
    except csv.Error:
        table.note("It is no CSV: a quote or a line break stands in the wrong place.", table.line)
        rows = {}
    if table.found:
        raise ContractInvalid(file, table.found)
    return rows


class _Table:
    """Reads one file, and collects what is wrong with it."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.found: list[Finding] = []
        self.line = 1
        """Where the row that is being read begins."""

    def note(self, evidence: str, line: int) -> None:
        self.found.append(_bad(evidence, self._file, line))

    def rows(self, text: str, by: str) -> dict[str, dict[str, str]]:
        lines = self._filled(text)
        columns = next(lines, None)
        if columns is None:
            self.note("The file is empty: not even columns are named.", 1)
            return {}
        if not self._named(columns, by):
            return {}
        at = columns.index(by)
        found: dict[str, dict[str, str]] = {}
        places: dict[str, int] = {}
        for cells in lines:
            if len(cells) != len(columns):
                self.note(f"The row has {len(cells)} cells; {len(columns)} are named.", self.line)
                continue
            name = cells[at]
            if not name:
                self.note(f"The row's `{by}` is empty.", self.line)
            elif name in found:
                evidence = f"The row has the same `{by}` as the one in line {places[name]}."
                self.note(evidence, self.line)
            else:
                pairs = zip(columns, cells, strict=True)
                found[name] = {column: cell for column, cell in pairs if cell}
                places[name] = self.line
        if not found and not self.found:
            self.note("The file names columns, and holds no row.", 1)
        return found

    def _filled(self, text: str) -> Iterator[list[str]]:
        """Yield the rows that hold something, cells without the spaces around them."""
        reader = csv.reader(StringIO(text, newline=""), strict=True)
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield stripped
            # The next one begins behind this one, which may have held line breaks.
            self.line = reader.line_num + 1

    def _named(self, columns: Sequence[str], by: str) -> bool:
        """Tell whether the columns are named, each once, the naming one among them."""
        if by not in columns:
            self.note(f"No column is called `{by}`.", self.line)
        for name in _repeated(columns):
            evidence = f"Two columns are called `{name}`." if name else "A column has no name."
            self.note(evidence, self.line)
        return not self.found


def _repeated(columns: Iterable[str]) -> Iterator[str]:
    """Yield the names of columns that are given twice, or are none."""
    seen: set[str] = set()
    for name in columns:
        if name in seen or not name:
            yield name
        seen.add(name)


def _bad(evidence: str, file: str, line: int) -> Finding:
    return finding("bad_catalog", evidence, where=Where(file=file, line=line))
