"""Mutation run: change the core in one place at a time, and see that a test of it fails.

    python tools/mutate.py                  all mutants, as many as fit the time
    python tools/mutate.py --only moments   those of one module

Which tests run a line is measured once; a mutant is shown only to these, the fastest first,
in a process of its own that reads the changed source instead of the file. Nothing on disk is
touched. A mutant is killed when a test fails, or hangs. Those that there was no time for are
counted apart, drawn evenly from all modules.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import importlib.machinery
import os
import random
import resource
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
SOURCES: Final = ROOT / "src"
TESTS: Final = (
    "tests/core",
    "tests/conformance/test_memory.py",
    "tests/workspace/test_identity_branches.py",
    "tests/proofs/test_one_at_customerio.py",
)
"""Of the core itself, and of what it does to a store and to the local workspace."""
GOAL_PERCENT: Final = 90
HANG_SECONDS: Final = 120
"""Of computing, not of waiting: a busy machine kills nobody."""

UNWARNED: Final = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
"""What the parent has loaded once for all is no reason to warn."""

MEASURING_SECONDS: Final = 1200
"""The same, for all tests at once while it is measured which lines they run."""

FIRST: Final = 30
"""So many of the fastest tests come first: most mutants need no more, nor all modules of tests."""

MODULES: Final = (
    "identity",
    "linking",
    "people",
    "sayings",
    "moments",
    "consent",
    "profile",
    "turns",
    "rollups.amounts",
    "rollups.corrections",
    "rollups.events",
    "rollups.people",
    "rollups.properties",
    "rollups.waiting",
)
"""Identity, what is said of people, ledger, consent, profile, closes and rollups."""

COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
COUNTED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
NAMED: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """One change.

    Attributes:
        module: The module's name within the core.
        place: Which node of its tree, in the order of `ast.walk`.
        lines: The lines of the statement around it.
        change: What is changed, in words.
    """

    module: str
    place: int
    lines: tuple[int, int]
    change: str


def path_of(module: str) -> Path:
    """Return the file of a module of the core."""
    return SOURCES / "truthpoint" / "core" / (module.replace(".", "/") + ".py")


def change(node: ast.AST) -> str:  # noqa: C901, PLR0911 - one case for each kind of change
    """Change a node in place, and say how; empty: there is nothing to change."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in COMPARED:
            after = COMPARED[type(operator)]
            node.ops = [after()]
            return f"{type(operator).__name__} becomes {after.__name__}"
        case ast.BoolOp():
            before = type(node.op).__name__
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            return f"{before} becomes {type(node.op).__name__}"
        case ast.BinOp() | ast.AugAssign() if type(node.op) in COUNTED:
            before, node.op = type(node.op).__name__, COUNTED[type(node.op)]()
            return f"{before} becomes {type(node.op).__name__}"
        case ast.Constant(value=bool() as value):
            node.value = not value
            return f"{value} becomes {not value}"
        case ast.Constant(value=int() as value):
            node.value = value + 1
            return f"{value} becomes {value + 1}"
        case ast.Call(func=ast.Name(id=name)) if name in NAMED:
            node.func = ast.Name(id=NAMED[name], ctx=ast.Load())
            return f"{name} becomes {NAMED[name]}"
        case ast.If() | ast.IfExp() | ast.While() if not isinstance(node.test, ast.Compare):
            node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
            return "the condition is turned round"
        case ast.comprehension(ifs=[first, *_]) if not isinstance(first, ast.Compare):
            node.ifs[0] = ast.UnaryOp(op=ast.Not(), operand=first)
            return "the filter is turned round"
        case ast.Expr(value=ast.Call()):
            node.value = ast.Constant(value=None)
            return "the call is left out"
        case ast.Continue() | ast.Break():
            other = ast.Break if isinstance(node, ast.Continue) else ast.Continue
            node.__class__ = other  # pyright: ignore[reportAttributeAccessIssue] - both are bare
            return f"it becomes {other.__name__.lower()}"
        case _:
            return ""


def statements(  # noqa: C901 - it walks a tree
    tree: ast.Module, text: list[str]
) -> Iterator[tuple[ast.stmt, list[ast.AST]]]:
    """Yield every statement that is run in the tests, with the nodes that are its own."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        one = waiting.pop(0)
        if "pragma: no cover" in text[one.lineno - 1] or isinstance(
            one, ast.Import | ast.ImportFrom | ast.Assert | ast.Raise
        ):
            continue
        if isinstance(one, ast.If) and ast.unparse(one.test) == "TYPE_CHECKING":
            continue
        own: list[ast.AST] = [one]
        for node in own:
            for name, held in ast.iter_fields(node):
                if name in ("annotation", "returns", "decorator_list", "bases", "keywords") and (
                    isinstance(node, ast.AnnAssign | ast.FunctionDef | ast.ClassDef | ast.arg)
                ):
                    continue
                for each in held if isinstance(held, list) else [held]:
                    if isinstance(each, ast.stmt):
                        waiting.append(each)
                    elif isinstance(each, ast.match_case):
                        waiting += each.body
                    elif isinstance(each, ast.AST):
                        own.append(each)
        yield one, own


def mutants_of(module: str) -> list[Mutant]:
    """Return all changes of a module."""
    source = path_of(module).read_text()
    tree = ast.parse(source)
    places = {id(node): place for place, node in enumerate(ast.walk(tree))}
    found: list[Mutant] = []
    for statement, own in statements(tree, source.splitlines()):
        # Of a compound statement only its head is its own.
        body = getattr(statement, "body", None)
        end = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
        lines = (statement.lineno, max(statement.lineno, end))
        for node in own:
            said = change(copy.deepcopy(node))
            if said:
                at = getattr(node, "lineno", statement.lineno)
                found.append(Mutant(module, places[id(node)], lines, f"line {at}: {said}"))
    return found


UNCHANGED: Final = -1
"""Place of a mutant that changes nothing: it must survive, or no verdict means anything."""


def mutated(mutant: Mutant) -> ast.Module:
    """Return the tree of a module with one change."""
    tree = ast.parse(path_of(mutant.module).read_text())
    for place, node in enumerate(ast.walk(tree)):
        if place == mutant.place:
            change(node)
            break
    return ast.fix_missing_locations(tree)


def in_a_child(doing: Any, *, most_seconds: int = HANG_SECONDS) -> int:
    """Run something in a process of its own, for so long at most; return the process."""
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        silent = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(silent, stream)
        resource.setrlimit(resource.RLIMIT_CPU, (most_seconds, most_seconds))
        status = doing()
    finally:
        os._exit(status)


def run_tests(tests: list[str]) -> int:
    """Run tests until one fails; 0: none did."""
    import pytest  # noqa: PLC0415 - in the child, as all that tests need

    return int(
        pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-m", "not soak", *UNWARNED, *tests])
    )


def run_mutant(mutant: Mutant, tests: list[str]) -> int:
    """Run tests with a changed module; 0: they do not see it."""
    name = f"truthpoint.core.{mutant.module}"
    code = compile(mutated(mutant), str(path_of(mutant.module)), "exec", dont_inherit=True)
    loader: Any = importlib.machinery.SourceFileLoader
    as_ever = loader.get_code
    loader.get_code = lambda self, asked: code if asked == name else as_ever(self, asked)
    for some in (tests[:FIRST], tests[FIRST:]):
        status = run_tests(some) if some else 0
        if status:
            return status
    return 0


class Watch:
    """Notes which tests run which lines, and how long they take."""

    def __init__(self, cov: Any) -> None:
        self._cov = cov
        self.seconds: dict[str, float] = defaultdict(float)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note lines under the test that begins."""
        self._cov.switch_context(nodeid.partition("[")[0])

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note how long it took."""
        self.seconds[report.nodeid.partition("[")[0]] += report.duration


def measure(folder: Path) -> int:
    """Run all tests once, and write down which lines each of them runs."""
    import coverage  # noqa: PLC0415 - in a child: what it imports must not stay
    import pytest  # noqa: PLC0415 - the same

    cov = coverage.Coverage(
        data_file=str(folder / "lines"), source=["truthpoint.core"], config_file=False
    )
    cov.start()
    watch = Watch(cov)
    status = pytest.main(
        ["-q", "-p", "no:cacheprovider", "-m", "not soak", *UNWARNED, *TESTS], [watch]
    )
    cov.stop()
    cov.save()
    told = "".join(f"{seconds} {test}\n" for test, seconds in watch.seconds.items())
    (folder / "seconds").write_text(told)
    return int(status)


def tests_by_line(folder: Path) -> dict[str, dict[int, list[str]]]:
    """Return for each module the tests that run each of its lines, the fastest first."""
    from coverage import CoverageData  # noqa: PLC0415 - of no use to children

    rows = [line.split(" ", 1) for line in (folder / "seconds").read_text().splitlines()]
    seconds = {test: float(taken) for taken, test in rows}
    data = CoverageData(str(folder / "lines"))
    data.read()
    found: dict[str, dict[int, list[str]]] = {}
    for module in MODULES:
        lines = data.contexts_by_lineno(str(path_of(module)))
        found[module] = {
            line: sorted((one for one in tests if one in seconds), key=seconds.__getitem__)
            for line, tests in lines.items()
        }
    return found


def tests_of(mutant: Mutant, by_line: dict[int, list[str]]) -> list[str]:
    """Return the tests to show a mutant; all, where it is run by being imported."""
    first, last = mutant.lines
    found = [one for line in range(first, last + 1) for one in by_line.get(line, ())]
    return list(dict.fromkeys(found)) or list(TESTS)


def main() -> int:
    """Run; 0: the goal is reached."""
    asked = argparse.ArgumentParser(description="Change the core, see a test fail.")
    asked.add_argument("--only", action="append", choices=MODULES, help="a module; may be repeated")
    asked.add_argument("--minutes", type=float, default=30.0, help="how long at most")
    asked.add_argument("--jobs", type=int, default=2, help="how many at once")
    asked.add_argument("--seed", type=int, default=1, help="which are drawn first")
    given = asked.parse_args()
    os.chdir(ROOT)
    os.environ["HYPOTHESIS_PROFILE"] = "ci"
    os.environ["COVERAGE_CORE"] = "ctrace"
    sys.path.insert(0, str(SOURCES))
    for name in ("hypothesis", "pytest", "truthpoint.contract"):
        # Once, for all children; the core itself they load changed.
        importlib.import_module(name)

    if any(name.startswith("truthpoint.core") for name in sys.modules):
        raise SystemExit("the core must not be loaded before it is changed")
    with tempfile.TemporaryDirectory() as folder:
        measuring = in_a_child(lambda: measure(Path(folder)), most_seconds=MEASURING_SECONDS)
        _, status = os.waitpid(measuring, 0)
        if status:
            raise SystemExit("its tests fail as they are: run them first")
        by_line = tests_by_line(Path(folder))
    if not all(survives_unchanged(module, by_line[module]) for module in given.only or MODULES):
        raise SystemExit("an unchanged module fails its tests here: the run would prove nothing")
    waiting = [one for module in given.only or MODULES for one in mutants_of(module)]
    random.Random(given.seed).shuffle(waiting)  # noqa: S311 - it only draws an order
    return report(given.only or MODULES, *run_all(waiting, by_line, given.minutes, given.jobs))


def survives_unchanged(module: str, by_line: dict[int, list[str]]) -> bool:
    """Tell whether a module that is read the mutants' way, and not changed, passes its tests."""
    lines = (min(by_line, default=1), max(by_line, default=1))
    control = Mutant(module, UNCHANGED, lines, "nothing")
    tests = tests_of(control, by_line)
    _, status = os.waitpid(in_a_child(lambda: run_mutant(control, tests)), 0)
    return status == 0


def run_all(
    waiting: list[Mutant], by_line: dict[str, dict[int, list[str]]], minutes: float, jobs: int
) -> tuple[list[Mutant], list[Mutant], list[Mutant]]:
    """Show mutants to their tests; return who was killed, who survived, and who is left."""
    killed: list[Mutant] = []
    survived: list[Mutant] = []
    running: dict[int, Mutant] = {}
    ends_at = time.monotonic() + minutes * 60
    while running or (waiting and time.monotonic() < ends_at):
        while waiting and len(running) < jobs and time.monotonic() < ends_at:
            mutant = waiting.pop()
            tests = tests_of(mutant, by_line[mutant.module])
            running[in_a_child(lambda m=mutant, t=tests: run_mutant(m, t))] = mutant
        child, status = os.wait()
        mutant = running.pop(child)
        (killed if status else survived).append(mutant)
    return killed, survived, waiting


def report(
    modules: tuple[str, ...] | list[str],
    killed: list[Mutant],
    survived: list[Mutant],
    left: list[Mutant],
) -> int:
    """Print the score and the survivors; 0: the goal is reached."""
    for module in modules:
        good = sum(one.module == module for one in killed)
        bad = sum(one.module == module for one in survived)
        if good + bad:
            print(
                f"{module:22} {good:4} of {good + bad:4} killed, {100 * good / (good + bad):5.1f}%"
            )
    for one in sorted(survived, key=lambda one: (one.module, one.lines)):
        print(f"  survives: {path_of(one.module).relative_to(ROOT)}, {one.change}")
    run = len(killed) + len(survived)
    percent = 100 * len(killed) / run if run else 0.0
    print(f"{len(killed)} of {run} mutants killed, {percent:.1f}%; no time for {len(left)}")
    return 0 if percent >= GOAL_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main())
