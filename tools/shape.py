"""Hold the package to its shape: sizes, docstrings, units, and no clock where all is pure.

Usage: python tools/shape.py [PACKAGE_DIR]

Ends with 1 and one line for each break; with 0 and a line of figures when there is none.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_MODULE_LINES: Final = 400
MAX_FUNCTION_LINES: Final = 60


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PURE_FOLDERS: Final = frozenset({"core", "contract", "values", "findings"})
"""Where time comes in as an argument and nothing asks a clock."""

CLOCK_METHODS: Final = frozenset({"now", "today", "utcnow"})
CLOCK_FUNCTIONS: Final = frozenset(
    {"gmtime", "localtime", "monotonic", "monotonic_ns", "perf_counter", "time", "time_ns"}
)

MEASURES: Final = _words(
    """
    age backoff deadline delay duration expiry grace horizon interval lag latency lease
    lifetime patience pause period skew timeout ttl wait
    capacity length size volume weight
    """
)
"""Words in a name that make a bare number a length of time or a size."""

UNITS: Final = _words(
    """
    ns us ms s second seconds minute minutes hour hours day days at
    byte bytes kb kib mb mib char chars characters line lines
    attempt attempts count item items operation operations record records request requests
    row rows share ratio
    id key number token
    """
)
"""Words in a name that say what the number counts, or that it measures nothing."""

BARE_NUMBERS: Final = frozenset({"int", "float", "Decimal"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, order=True)
class Break:
    """One break of the shape.

    Attributes:
        path: The module, from the package's folder.
        line: Line from 1.
        what: What is wrong and what would be right.
    """

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


@dataclass(slots=True)
class Figures:
    """What was measured on the way: sizes with the names they belong to."""

    modules: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    functions: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])

    def __str__(self) -> str:
        if not self.modules:
            return "shape: no modules"
        parts = [f"shape: {len(self.modules)} modules, {_spread(self.modules)}"]
        if self.functions:
            parts.append(f"{len(self.functions)} functions, {_spread(self.functions)}")
        return "; ".join(parts)


def _spread(sizes: Sequence[tuple[int, str]]) -> str:
    most, name = max(sizes)
    return f"median {median(size for size, _ in sizes):.0f} lines, largest {most} ({name})"


def is_public(name: str) -> bool:
    """Tell whether a name is for others; `__init__` and `__main__` are, as modules."""
    return not name.startswith("_") or name in {"__init__", "__main__"}


def decorators(node: Function) -> set[str]:
    """Return the last parts of a function's decorators: `overload`, `setter`."""
    return {ast.unparse(each).split("(")[0].split(".")[-1] for each in node.decorator_list}


def functions(tree: ast.Module) -> Iterator[Function]:
    """Yield every function and method of a module, stubs of overloads left out."""
    for node in ast.walk(tree):
        if isinstance(node, Function) and "overload" not in decorators(node):
            yield node


def check_sizes(path: str, source: str, tree: ast.Module, figures: Figures) -> Iterator[Break]:
    """Yield a break for a module or a function that is too long."""
    lines = len(source.splitlines())
    figures.modules.append((lines, path))
    if lines > MAX_MODULE_LINES:
        yield Break(path, 1, f"{lines} lines, more than {MAX_MODULE_LINES}: split by subject")
    for node in functions(tree):
        span = (node.end_lineno or node.lineno) - node.lineno + 1
        figures.functions.append((span, f"{path}:{node.name}"))
        if span > MAX_FUNCTION_LINES:
            what = (
                f"`{node.name}` has {span} lines, more than {MAX_FUNCTION_LINES}: give parts names"
            )
            yield Break(path, node.lineno, what)


def check_docstrings(path: str, tree: ast.Module) -> Iterator[Break]:
    """Yield a break for each public module, class, function or method without a docstring."""
    if not is_public(Path(path).stem):
        return
    if not ast.get_docstring(tree):
        yield Break(path, 1, "the module has no docstring")
    yield from _undocumented(path, tree, within="")


def _undocumented(path: str, parent: ast.Module | ast.ClassDef, *, within: str) -> Iterator[Break]:
    for node in parent.body:
        if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
            continue
        full_name = f"{within}{node.name}"
        if isinstance(node, Function) and decorators(node) & {"overload", "setter", "deleter"}:
            continue
        if not ast.get_docstring(node):
            yield Break(path, node.lineno, f"`{full_name}` has no docstring")
        if isinstance(node, ast.ClassDef):
            yield from _undocumented(path, node, within=f"{full_name}.")


def lacks_unit(name: str, annotation: ast.expr | None) -> bool:
    """Tell whether a bare number is a length of time or a size and does not say of what."""
    words = set(name.lower().strip("_").split("_"))
    if not words & MEASURES or words & UNITS:
        return False
    if annotation is None:
        return True
    text = annotation.value if isinstance(annotation, ast.Constant) else ast.unparse(annotation)
    return bool(BARE_NUMBERS & {part.strip() for part in str(text).split("|")})


def check_units(path: str, tree: ast.Module) -> Iterator[Break]:
    """Yield a break for each parameter, or field of a class, whose unit is left to a guess."""
    hint = "say its unit in the name (`_seconds`, `_ms`, `_bytes`) or use `timedelta`"
    for node in functions(tree):
        given = node.args
        for each in (*given.posonlyargs, *given.args, *given.kwonlyargs):
            if lacks_unit(each.arg, each.annotation):
                yield Break(path, each.lineno, f"parameter `{each.arg}` of `{node.name}`: {hint}")
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        for each in node.body:
            if not isinstance(each, ast.AnnAssign) or not isinstance(each.target, ast.Name):
                continue
            if lacks_unit(each.target.id, each.annotation):
                yield Break(path, each.lineno, f"field `{node.name}.{each.target.id}`: {hint}")


def check_clocks(path: str, tree: ast.Module) -> Iterator[Break]:
    """Yield a break for each call of a clock in a folder where time is an argument."""
    if path.split("/", maxsplit=1)[0].removesuffix(".py") not in PURE_FOLDERS:
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, owner = node.func.attr, ast.unparse(node.func.value)
        if name in CLOCK_METHODS or (owner == "time" and name in CLOCK_FUNCTIONS):
            what = f"`{owner}.{name}()` asks a clock: take the time as an argument"
            yield Break(path, node.lineno, what)


def check(package: Path, figures: Figures) -> list[Break]:
    """Return every break of the package, in the order of its files."""
    found: list[Break] = []
    for each in sorted(package.rglob("*.py")):
        path = each.relative_to(package).as_posix()
        source = each.read_text(encoding="utf-8")
        tree = ast.parse(source)
        found += check_sizes(path, source, tree, figures)
        found += check_docstrings(path, tree)
        found += check_units(path, tree)
        found += check_clocks(path, tree)
    return sorted(found)


def main(arguments: Sequence[str]) -> int:
    """Check the package named by the first argument, by default our own; return the exit code."""
    here = Path(__file__).resolve().parent.parent / "src" / "truthpoint"
    package = Path(arguments[0]) if arguments else here
    figures = Figures()
    found = check(package, figures)
    for each in found:
        print(each)
    if not figures.modules:
        print(f"shape: no Python files under {package}")
        return 1
    print(figures if not found else f"shape: {len(found)} to mend")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
