"""One journal for all threads of a process, and for the processes that it forks.

Captures that come at the same time share one durable step (a *group commit*): whoever has
the turn appends everything that waits, so that ten threads pay for one sync and not for ten.

A database connection must not be carried over a fork. So a fork waits for the append under
way, the journal is closed before it, and each side opens it anew when it next captures.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from truthpoint.errors import CaptureFailed, StoreUnusable, UsageError

from .process import this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from truthpoint.ports import Appended, Capture, Journal

LONGEST_TURN_SECONDS: Final = 15.0
"""Longest wait of one thread for another's capture: longer than a store's own wait for a lock."""

GROUP_RECORDS: Final = 500
"""About how many records share one durable step; one caller's are never divided."""


class Entry:
    """Captures of one call that wait to be appended, and then what became of them.

    Args:
        captures: The captures.
    """

    __slots__ = ("_bell", "appended", "captures", "failure")

    def __init__(self, captures: Sequence[Capture]) -> None:
        self._bell = Lock()
        self._bell.acquire()
        self.captures = captures
        self.appended: list[Appended] | None = None
        self.failure: Exception | None = None

    @property
    def done(self) -> bool:
        """Whether it is known what became of them."""
        return self.appended is not None or self.failure is not None

    def ring(self) -> None:
        """Wake who waits for it: it is done, or the turn is free."""
        with suppress(RuntimeError):  # it rings already
            self._bell.release()

    def wait(self) -> bool:
        """Wait until it rings; False after `LONGEST_TURN_SECONDS`."""
        return self._bell.acquire(timeout=LONGEST_TURN_SECONDS)

    def result(self) -> list[Appended]:
        """Return what became of them, or raise why nothing was kept."""
        if isinstance(self.failure, CaptureFailed):
            # One of its own for each caller: threads must not share a traceback.
            failure = self.failure
            raise CaptureFailed(
                failure.message, hint=failure.hint, lasting=failure.lasting
            ) from None
        if self.failure is not None:
            raise self.failure
        assert self.appended is not None
        return self.appended


class SharedJournal:
    """A journal that threads share and forks survive; see `truthpoint.ports.Journal`.

    It is opened by the first append, and again by the first one after a fork.

    Args:
        open_journal: Opens it.
        owner: What to call the one that captures, in messages.
        opener: How to open another one, in messages.
    """

    def __init__(
        self,
        open_journal: Callable[[], Journal],
        *,
        owner: str = "recorder",
        opener: str = "open_recorder()",
    ) -> None:
        self._open = open_journal
        self._owner = owner
        self._opener = opener
        self._journal: Journal | None = None
        self._turn = Lock()
        self._turn_of = 0
        self._entries: deque[Entry] = deque()
        self._process = this_process()
        self._forking = False
        self._carried: list[Journal | None] = []
        self._stopped = False
        self._closed = False
        _journals[id(self)] = self

    def append(self, captures: Sequence[Capture]) -> list[Appended]:
        """Make captures durable, all or none, and return what became of each, in order.

        Raises:
            CaptureFailed: Nothing was kept.
            UsageError: It is closed.
        """
        if self._entries or self._process != this_process() or not self._turn.acquire(False):
            return self.keep(self.enter(captures))
        # Nobody else is here, which is the usual case: no queue, and nobody to be told.
        try:
            self._turn_of = get_ident()
            return self._opened().append(captures)
        except CaptureFailed as failure:
            self._note(failure)
            raise
        finally:
            self._give_turn_back()

    def enter(self, captures: Sequence[Capture]) -> Entry:
        """Let captures wait for the next durable step; without `keep` nothing is promised."""
        entry = Entry(captures)
        self._entries.append(entry)
        return entry

    def keep(self, entry: Entry) -> list[Appended]:
        """Make an entry durable, and what else waits with it; return what became of it.

        Raises:
            CaptureFailed: Nothing of the entry was kept.
            UsageError: It is closed.
        """
        self._see_process(entry)
        try:
            while not entry.done:
                if self._turn.acquire(blocking=False):
                    self._lead(entry)
                else:
                    self._wait(entry)
        except BaseException:
            self.withdraw(entry)
            raise
        return entry.result()

    def withdraw(self, entry: Entry) -> bool:
        """Take back an entry that still waits; False when it does not."""
        try:
            self._entries.remove(entry)
        except ValueError:
            return False
        return True

    def _lead(self, own: Entry) -> None:
        """Append a group, with the turn that was taken."""
        try:
            self._turn_of = get_ident()
            self._append_group(own)
        except BaseException:
            self.withdraw(own)
            raise
        finally:
            self._give_turn_back()

    def _give_turn_back(self) -> None:
        self._turn_of = 0
        self._turn.release()
        # Who came while the turn was taken sleeps. Whoever takes it from here on looks again.
        if self._entries:
            with suppress(IndexError):
                self._entries[0].ring()

    def _wait(self, entry: Entry) -> None:
        if self._turn_of == get_ident():
            raise CaptureFailed(
                "This thread is in the middle of a capture, and a signal handler or a finalizer "
                "captures too.",
                hint="Nothing of this call was kept. Set a flag there, and capture after it.",
            )
        # If it is not there any more, who has the turn is appending it: its end is near.
        if not entry.wait() and self.withdraw(entry):
            raise CaptureFailed(f"Another thread's capture holds the {self._owner} too long.")

    def _append_group(self, own: Entry) -> None:
        """Append what waits, up to a bound; the turn is ours."""
        journal = self._opened()
        group = self._next_group() or [own]
        try:
            appended = iter(journal.append([one for entry in group for one in entry.captures]))
        except Exception as failure:  # noqa: BLE001 - each caller is told, by its own call
            self._note(failure)
            for entry in group:
                entry.failure = failure
                entry.ring()
        except BaseException:
            # An interrupt is for this thread alone. Records have their ids by now: one that
            # was committed all the same is a repeat when it comes again.
            self._entries.extendleft(entry for entry in reversed(group) if entry is not own)
            raise
        else:
            for entry in group:
                entry.appended = [next(appended) for _ in entry.captures]
                entry.ring()

    def _note(self, failure: Exception) -> None:
        """Remember that the disk failed: a fork closes the journal that knows it."""
        if isinstance(failure, CaptureFailed) and failure.lasting:
            self._stopped = True

    def _next_group(self) -> list[Entry]:
        group: list[Entry] = []
        records = 0
        while self._entries and records < GROUP_RECORDS:
            group.append(self._entries.popleft())
            records += len(group[-1].captures)
        return group

    def see_open(self) -> None:
        """See that it was not closed.

        Raises:
            UsageError: It was.
        """
        if self._closed:
            raise UsageError(
                f"The {self._owner} is closed.", hint=f"Open another one with {self._opener}."
            )

    def _opened(self) -> Journal:
        self.see_open()
        if self._carried:
            raise CaptureFailed(
                f"The {self._owner} was in use while this process was forked past Python.",
                hint="Nothing of this call was kept. Open one in each process, after the fork.",
            )
        if self._journal is None and self._stopped:
            raise CaptureFailed(
                "An earlier write failed on the disk, before this process was forked.",
                hint="Nothing of this call was kept. Check the disk, then start again.",
                lasting=True,
            )
        if self._journal is None:
            try:
                self._journal = self._open()
            except StoreUnusable as unusable:
                hint = f"Nothing of this call was kept. {unusable.hint}"
                raise CaptureFailed(unusable.message, hint=hint) from None
        return self._journal

    def see(self) -> None:
        """See that the journal can be opened.

        Raises:
            StoreUnusable: It cannot.
        """
        # And close it again: what is not open cannot be carried over a fork.
        self._open().close()

    def close(self) -> None:
        """Let go of the journal; nothing waits in memory. Closing twice does no harm."""
        if self._closed:
            return
        if self._process != this_process():
            self._be_child()
        self._closed = True
        # A signal handler in the middle of a capture leaves the file to the process's end.
        if self._turn_of == get_ident() or not self._turn.acquire(timeout=LONGEST_TURN_SECONDS):
            return
        try:
            if self._journal is not None:
                self._journal.close()
                self._journal = None
        finally:
            self._give_turn_back()

    # ------------------------------------------------------------------ over a fork

    def _see_process(self, entry: Entry) -> None:
        """Notice a fork that did not tell Python, as some servers written in C make it."""
        if self._process != this_process():
            self._be_child()
            self._entries.append(entry)

    def before_fork(self) -> None:
        """Wait for the append under way, and hold the journal closed over the fork."""
        if self._turn_of == get_ident() or not self._turn.acquire(timeout=LONGEST_TURN_SECONDS):
            return
        self._forking = True
        if self._journal is not None:
            journal, self._journal = self._journal, None
            journal.close()

    def after_fork_in_parent(self) -> None:
        """Go on; the next append opens the journal anew."""
        if self._forking:
            self._forking = False
            self._give_turn_back()

    def after_fork_in_child(self) -> None:
        """Be of the child: other threads, their turn and what they waited for are the parent's."""
        self._be_child(stuck=not self._forking)

    def _be_child(self, *, stuck: bool = True) -> None:
        """Begin anew in a child; `stuck` when the journal was not closed before the fork."""
        held = self._turn.locked()
        if stuck and (held or self._journal is not None):
            # The child has a copy of a connection that is not its own. To close it, or to open
            # a second one beside it, could harm the parent's file.
            self._carried.append(self._journal)
        self._journal = None
        self._turn = Lock()
        self._turn_of = 0
        self._entries.clear()
        self._forking = False
        self._process = this_process()


_journals: Final[WeakValueDictionary[int, SharedJournal]] = WeakValueDictionary()
"""All of this process, for the fork."""


def _all() -> list[SharedJournal]:
    found = [each() for each in _journals.valuerefs()]
    return [journal for journal in found if journal is not None]


def _before_fork() -> None:
    for journal in _all():
        journal.before_fork()


def _after_fork_in_parent() -> None:
    for journal in _all():
        journal.after_fork_in_parent()


def _after_fork_in_child() -> None:
    for journal in _all():
        journal.after_fork_in_child()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)
