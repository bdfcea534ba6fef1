"""One journal for many threads: shared steps, turns that end, interrupts that harm nobody else."""

from __future__ import annotations

import threading

import pytest

import truthpoint
from support.commands import wait_until
from support.shop import CONTRACT
from truthpoint.capture import SharedJournal, shared
from truthpoint.errors import CaptureFailed, StoreUnusable, UsageError
from truthpoint.stores.memory import MemoryJournal, MemoryShelf
from truthpoint.testing import a_capture


class _Gate(MemoryJournal):
    """A journal whose appends wait until they are let through, and can be made to fail."""

    def __init__(self, shelf: MemoryShelf) -> None:
        super().__init__(shelf)
        self.steps: list[int] = []
        self.open = threading.Event()
        self.raises: dict[int, BaseException] = {}

    def append(self, captures):
        step = len(self.steps)
        self.steps.append(len(captures))
        assert self.open.wait(30)
        if step in self.raises:
            raise self.raises[step]
        return super().append(captures)


@pytest.fixture
def shelf():
    return MemoryShelf()


@pytest.fixture
def gate(shelf):
    return _Gate(shelf)


@pytest.fixture
def journal(gate):
    return SharedJournal(lambda: gate)


class _Callers:
    """Threads that each append records of their own, and what each was told."""

    def __init__(self, journal: SharedJournal) -> None:
        self.journal = journal
        self.told: dict[int, object] = {}
        self.threads: list[threading.Thread] = []

    def start(self, *numbers: int) -> None:
        self.threads += [threading.Thread(target=self._call, args=(one,)) for one in numbers]
        for thread in self.threads[-len(numbers) :]:
            thread.start()

    def _call(self, number: int) -> None:
        try:
            self.told[number] = self.journal.append([a_capture(b"%d" % number, str(number))])
        except BaseException as error:  # noqa: BLE001 - what a caller is told is looked at
            self.told[number] = error

    def end(self) -> dict[int, object]:
        for thread in self.threads:
            thread.join(30)
        return self.told


@pytest.fixture
def callers(journal):
    return _Callers(journal)


def _one_away_and_others_waiting(callers, gate, journal, count: int) -> None:
    callers.start(0)
    wait_until(lambda: gate.steps)
    callers.start(*range(1, count + 1))
    wait_until(lambda: len(journal._entries) == count)


def test_callers_who_wait_share_one_durable_step(callers, gate, journal, shelf):
    """Nine calls behind a slow one are two steps and not ten; each gets its own answer."""
    _one_away_and_others_waiting(callers, gate, journal, 9)
    gate.open.set()
    told = callers.end()

    assert [1, 9] == gate.steps
    assert {b"%d" % number for number in range(10)} == {row.body for row in shelf.records.values()}
    assert all(
        shelf.records[appended.record].body == b"%d" % number
        for number, (appended,) in told.items()
    )


def test_a_step_is_bounded(callers, gate, journal, monkeypatch):
    """A crowd is several steps, so that nobody waits for all of it."""
    monkeypatch.setattr(shared, "GROUP_RECORDS", 4)
    _one_away_and_others_waiting(callers, gate, journal, 9)
    gate.open.set()
    callers.end()

    assert [1, 4, 4, 1] == gate.steps


def test_a_failure_is_told_to_everyone_whose_records_were_in_it(callers, gate, journal, shelf):
    """Law 1: all or none; each has an error of its own, and a later call starts afresh."""
    full = CaptureFailed("The disk is full.")
    gate.raises = {0: full, 1: full}
    _one_away_and_others_waiting(callers, gate, journal, 3)
    gate.open.set()
    told = callers.end()
    (later,) = journal.append([a_capture(b"later", "9")])

    assert 4 == len({id(one) for one in told.values()})
    assert {"The disk is full."} == {one.message for one in told.values()}
    assert [b"later"] == [row.body for row in shelf.records.values()]
    assert not later.repeat


def test_an_interrupt_is_for_its_own_thread_alone(callers, gate, journal, shelf):
    """Ctrl-C in the thread that appends for others: they are appended by one of themselves."""
    gate.raises = {1: KeyboardInterrupt()}
    _one_away_and_others_waiting(callers, gate, journal, 3)
    gate.open.set()
    told = callers.end()
    (interrupted,) = (number for number, one in told.items() if not isinstance(one, list))

    assert isinstance(told[interrupted], KeyboardInterrupt)
    assert {0, 1, 2, 3} - {interrupted} == {int(row.body) for row in shelf.records.values()}
    assert [1, 3, 2] == gate.steps


def test_a_turn_that_does_not_end_is_one_documented_error(callers, gate, journal, monkeypatch):
    """Law 1: it never hangs; what is told as not kept is not kept later either."""
    monkeypatch.setattr(shared, "LONGEST_TURN_SECONDS", 0.05)
    callers.start(0)
    wait_until(lambda: gate.steps)
    with pytest.raises(CaptureFailed, match="holds the recorder too long"):
        journal.append([a_capture(b"1", "1")])
    gate.open.set()
    callers.end()

    assert [1] == gate.steps


def test_closing_waits_for_the_step_under_way_and_refuses_what_comes_after(callers, gate, journal):
    """Nothing is torn; those who wait are told that it is closed."""
    _one_away_and_others_waiting(callers, gate, journal, 2)
    closing = threading.Thread(target=journal.close)
    closing.start()
    wait_until(lambda: journal._closed)
    gate.open.set()
    told = callers.end()
    closing.join(30)

    assert isinstance(told[0], list)
    assert [UsageError, UsageError] == [type(told[number]) for number in (1, 2)]
    with pytest.raises(UsageError, match="The recorder is closed"):
        journal.append([])


def test_a_store_that_cannot_be_opened_any_more_is_the_documented_error(shelf):
    """After a fork the journal is opened anew, in the middle of a checkout."""

    def fails():
        raise StoreUnusable("It is gone.", hint="Bring it back.")

    with pytest.raises(StoreUnusable):
        SharedJournal(fails).see()
    with pytest.raises(CaptureFailed, match=r"It is gone\. Nothing of this call was kept\. Bring"):
        SharedJournal(fails).append([a_capture(b"1", "1")])


@pytest.mark.parametrize(("durability", "synchronous"), [("process", 1), ("power", 2)])
def test_durability_is_what_the_file_is_opened_with(tmp_path, durability, synchronous):
    """`power` syncs each commit (SQLite's FULL), `process` does not (NORMAL)."""
    place = {"contract": str(CONTRACT), "store": f"sqlite:{tmp_path / 'store'}"}
    with truthpoint.open(**place, durability=durability) as tracker:
        tracker.identify("1")
        opened = tracker._journal._journal
        (found,) = opened._connection.execute("PRAGMA synchronous").fetchone()

    assert synchronous == found


def test_a_relative_store_stays_where_it_was_opened(tmp_path, monkeypatch):
    """A daemon that changes its folder captures into the same store."""
    monkeypatch.chdir(tmp_path)
    with truthpoint.open(contract=str(CONTRACT), store="sqlite:store") as tracker:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        tracker.identify("1")

    assert [] == list((tmp_path / "elsewhere").iterdir())
