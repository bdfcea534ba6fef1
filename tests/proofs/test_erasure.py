"""Law 20 from a shop's words to Customer.io and the disk: the deleted stay deleted."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import pytest

from support import killed, virtual
from support.local import DirectTransport, put_faults, read_log, serving
from support.stories import CONTRACT, EXAMINER, NOW_MS, event, identify, said
from truthpoint.core.decision import Outcome
from truthpoint.core.pauses import Pause, PauseKind
from truthpoint.ports import Capture
from truthpoint.stores.sqlite import SqliteDesk, SqliteJournal, SqliteStore
from truthpoint.workers.work import Surroundings, Worker
from truthpoint.workspace import Request, Workspace

MAIL = {"email": "canary.ana@example.org"}
PHONE = {"anonymous_id": "canary-visitor-7"}
ANA = identify("42", **MAIL, phone="+4915155501", first_name="Canaryanna")
ORDER = event("order_paid", "42", order_id="A-1", cart_id="C-1", total="40.00", currency="USD")
CHECKOUT = event(
    "checkout_started", "42", checkout_id="K-1", cart_id="C-1", value="40.00", currency="USD"
)
CANARIES = (b"canary.ana@example.org", b"+4915155501", b"Canaryanna", b"canary-visitor-7")


class DirectReader:
    """Asks a workspace without sockets; see `truthpoint.ports.Reader`."""

    def __init__(self, workspace: Workspace) -> None:
        self.failure = ""
        self.asked: list[Mapping[str, str]] = []
        self._workspace = workspace

    async def find(self, identifiers: Mapping[str, str]) -> bool | None:
        self.asked.append(identifiers)
        if self.failure:
            return None
        ((kind, value),) = identifiers.items()
        reply = self._workspace.handle(
            Request(
                method="GET",
                path=f"/v1/customers/{value}/attributes",
                query={"id_type": kind},
                headers={"host": "127.0.0.1", "authorization": "Bearer any"},
            )
        )
        assert reply.status in (200, 404), reply.body
        return reply.status == 200

    async def close(self) -> None:
        pass


class Story:
    """A store on disk, a workspace, and a worker that comes and goes, in virtual time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.later_ms = 0
        self.clock: virtual.VirtualClock | None = None
        self.workspace = Workspace(None, clock=lambda: self.now_ms() / 1000)
        self.reader = DirectReader(self.workspace)
        self.found: list[str] = []
        self.journal = SqliteJournal(folder)
        self.told = 0

    def now_ms(self) -> int:
        return NOW_MS + self.later_ms if self.clock is None else self.clock.now_ms()

    def say(self, *records: dict[str, Any]) -> None:
        for record in records:
            self.told += 1
            self.journal.append(
                [
                    Capture(
                        source=record.get("source", "backend"),
                        record_id=f"r{self.told}",
                        captured_at_ms=self.now_ms(),
                        contract="",
                        body=json.dumps(record).encode(),
                    )
                ]
            )

    def work(self, *records: dict[str, Any], reads: bool = True) -> None:
        """Say records, and let a worker of its own do all that there is to do."""
        self.say(*records)
        self.during(Worker.drain, reads=reads)

    def during(
        self, does: Callable[[Worker], Coroutine[Any, Any, None]], *, reads: bool = True
    ) -> None:
        """Let a worker of its own do something."""

        async def working() -> None:
            self.clock = virtual.VirtualClock(asyncio.get_running_loop())
            self.clock.shift_ms = self.later_ms
            store = SqliteStore(self.folder)
            await does(self._worker(store, self.clock, reads=reads))
            self.later_ms = self.clock.now_ms() - NOW_MS
            self.clock = None
            store.close()

        virtual.run(working())

    def _worker(self, store: SqliteStore, clock: Any, *, reads: bool) -> Worker:
        surroundings = Surroundings(
            store=store,
            transport=DirectTransport(self.workspace),
            clock=clock,
            entropy=virtual.FixedEntropy(),
            reader=self.reader if reads else None,
        )
        worker = Worker(
            surroundings,
            EXAMINER,
            EXAMINER.contract.workspaces["local"],
            report=lambda one: self.found.append(one.code),
        )
        worker.acquire()
        return worker

    def outcomes(self) -> list[tuple[str, str]]:
        desk = SqliteDesk(self.folder)
        found = [desk.record(one) for one in range(1, self.told + 1)]
        desk.close()
        return [(one[1].outcome.value, one[1].reason) for one in found if one is not None]

    def actions(self) -> list[str]:
        return [one["action"] for request in read_log(self.workspace) for one in request["items"]]

    def left(self) -> list[tuple[str, bytes]]:
        """What of the canaries is in any file of the store."""
        return [
            (path.name, one)
            for path in sorted(self.folder.iterdir())
            for one in CANARIES
            if one in path.read_bytes()
        ]

    def close(self) -> None:
        self.journal.close()
        self.workspace.close()


@pytest.fixture
def story(tmp_path):
    told = Story(tmp_path / "store")
    yield told
    told.close()


WORDS = (ANA, CHECKOUT, ORDER, event("product_viewed", {**PHONE, "id": "42"}, product_id="P-1"))


def test_after_an_erasure_nothing_of_the_person_is_on_the_disk(story):
    """Law 20: in no file of the store, log included, though a capture has it open."""
    story.work(*WORDS)

    assert story.left()

    story.work(said("erase", "42"))

    assert story.left() == []
    assert story.found == ["erasure_verified"]
    assert story.outcomes()[-1] == (Outcome.DELIVERED, "")


def test_what_comes_later_is_withheld_and_forgotten_too(story):
    """Law 20: under any of their identifiers; nothing reaches Customer.io, and no file keeps it."""
    story.work(*WORDS, said("erase", "42"))
    before = len(story.actions())
    late = (
        event("order_paid", MAIL, order_id="A-2", total="1.00", currency="USD"),
        identify("43", **MAIL),
        event("product_viewed", PHONE, product_id="P-2"),
        event("order_paid", "42", order_id="broken"),
        said("link", "44", links={"phone": "+4915155501"}),
    )
    story.work(*late)

    assert story.outcomes()[-5:] == [("withheld", "erased")] * 5
    assert len(story.actions()) == before
    assert story.left() == []


OUT_OF_FORM = (
    {**ORDER, "at": "2026-09-21T14:13:20", "note": "canary.ana@example.org"},
    {**ORDER, "person": {"id": "99", **MAIL}, "propertys": {}},
    {**ORDER, "event": "order_payed", "properties": {"name": "Canaryanna"}},
    {**said("link", "42", links={"phone": "+49 (151) 55501"}), "why": "+4915155501"},
    {**said("merge", ["42"], **{"from": {"id": "42"}}), "at": "canary.ana@example.org"},
    {"type": "identify", "person": PHONE, "traits": {"name": "Canaryanna"}},
)


def test_the_bytes_of_records_that_break_the_form_are_emptied_too(story):
    """Law 20: by whomever they name, as far as that can be read; they stay in quarantine."""
    story.work(*WORDS, *OUT_OF_FORM)

    assert [one[0] for one in story.outcomes()[-6:]] == ["quarantined"] * 6
    assert b"canary.ana@example.org" in {one for _, one in story.left()}

    story.work(said("erase", "42"))

    assert story.left() == []
    assert [one[0] for one in story.outcomes()[-7:-1]] == ["quarantined"] * 6


def test_what_breaks_the_form_later_is_withheld_and_forgotten(story):
    """Law 20: whatever is wrong with it, it is kept away by whom it names."""
    story.work(*WORDS, said("erase", "42"))
    story.work(*OUT_OF_FORM)

    assert story.outcomes()[-6:] == [("withheld", "erased")] * 6
    assert story.left() == []


def test_an_erasure_overtakes_nothing_and_everything_behind_it_is_kept_away(story):
    """Laws 7, 20: all in one batch; what stands before it does not leave any more."""
    story.work(*WORDS, said("erase", "42"), ORDER)

    assert story.actions() == ["suppress", "suppress"]
    assert story.outcomes()[-1] == ("withheld", "erased")
    assert story.left() == []


def test_a_lost_answer_erases_all_the_same(story):
    """Laws 16, 20: it comes again until it is answered."""
    story.work(*WORDS)
    put_faults(story.workspace, {"kind": "reset", "when": "after", "times": 2})
    story.work(said("erase", "42"))

    assert story.found[-1] == "erasure_verified"
    assert story.left() == []


def test_a_paused_person_is_erased_once_the_pause_is_lifted(story):
    """Law 20: a pause holds what would erase them; the tombstones count from the first moment."""
    story.work(*WORDS)
    desk = SqliteDesk(story.folder)
    desk.pause(Pause(kind=PauseKind.PERSON, name="42", since_ms=NOW_MS))
    story.work(said("erase", "42"), ORDER)

    assert story.outcomes()[-2:] == [("pending", ""), ("withheld", "erased")]

    desk.resume(PauseKind.PERSON, "42")
    story.work()
    desk.close()

    assert story.left() == []


def test_a_guest_a_visitor_and_a_merged_person_are_erased(story):
    """Law 20: under whatever they are known."""
    guest = event("order_paid", MAIL, order_id="A-1", total="4.00", currency="USD")
    story.work(guest, event("product_viewed", PHONE, product_id="P-1"), said("erase", MAIL))
    story.work(said("erase", PHONE))

    assert story.left() == []

    merge = said("merge", "50", **{"from": {"id": "51"}})
    story.work(identify("50"), identify("51", first_name="Canaryanna"), merge, said("erase", "51"))

    assert story.left() == []
    assert story.found == ["erasure_verified"] * 2


def test_who_is_readmitted_begins_anew(story):
    """Law 20: nothing comes back, and what comes from then on arrives and counts."""
    story.work(*WORDS, said("erase", "42"))
    story.work(said("readmit", {"id": "42", **MAIL}))
    again = event("order_paid", "42", order_id="A-2", total="7.00", currency="USD")
    story.work(ANA, again, ORDER)

    assert story.outcomes()[-3:] == [
        ("delivered", ""),
        ("delivered", ""),
        ("withheld", "duplicate"),
    ]
    desk = SqliteDesk(story.folder)
    view = desk.person("42", limit=9)
    desk.close()
    assert view is not None
    assert view.totals is not None
    assert view.totals.values["lifetime_value"] == "7"


# ----------------------------------------------------------------------- reading back


def test_somebody_who_is_still_there_is_told_of(story):
    """Laws 18, 20: another program made the profile again before it was asked."""
    story.work(*WORDS)

    class Recreated(DirectReader):
        async def find(self, identifiers: Mapping[str, str]) -> bool | None:
            return True

    story.reader = Recreated(story.workspace)
    story.work(said("erase", "42"))

    assert story.found == ["erasure_not_verified"]
    assert story.left() == []


@pytest.mark.parametrize("reads", [True, False])
def test_where_it_cannot_be_told_that_is_told(story, reads):
    """Laws 18, 20: without an app key, or where the App API does not answer."""
    story.reader.failure = "no answer (timeout)"
    story.work(*WORDS, said("erase", "42"), reads=reads)

    assert story.found == ["erasure_not_verified"]
    assert story.left() == []


def test_a_merge_is_read_back(story):
    """Law 18: the second profile is not there once it was merged, and the first is."""
    merge = said("merge", "50", **{"from": {"id": "51"}})
    story.work(identify("50"), identify("51"), merge)

    assert story.found == ["merge_verified"]
    assert story.reader.asked == [{"id": "51"}, {"id": "50"}]


def test_a_merge_after_which_nobody_is_there_is_not_verified(story):
    """Law 18: who stays was deleted by another program; that is not what a merge leaves."""

    class Emptied(DirectReader):
        async def find(self, identifiers: Mapping[str, str]) -> bool | None:
            return False

    story.reader = Emptied(story.workspace)
    merge = said("merge", "50", **{"from": {"id": "51"}})
    story.work(identify("50"), identify("51"), merge)

    assert story.found == ["merge_unverified"]


def test_a_worker_that_stops_before_it_asked_leaves_the_question_to_the_next(story):
    """Laws 18, 20: nothing waits in memory; delivery does not wait for the answer."""
    story.work(*WORDS)
    story.say(said("erase", "42"))

    async def for_a_second(worker: Worker) -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        await asyncio.sleep(1)
        stop.set()
        await running

    story.during(for_a_second)

    assert story.actions().count("suppress") == 2
    assert story.found == []

    story.work()

    assert story.found == ["erasure_verified"]
    assert story.left() == []


def test_a_running_worker_asks_by_itself(story):
    """Law 18: some seconds after the answer, beside delivery."""
    story.work(*WORDS)
    story.say(said("erase", "42"))

    async def for_some_seconds(worker: Worker) -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        await asyncio.sleep(10)
        stop.set()
        await running

    story.during(for_some_seconds)

    assert story.found == ["erasure_verified"]
    assert story.left() == []


# ------------------------------------------------------------------------- many, and kills


def _crowd(count: int, seed: int) -> list[dict[str, Any]]:
    """People with much to say of themselves, in an order that splits pages everywhere."""
    chance = random.Random(seed)
    told: list[dict[str, Any]] = []
    for who in range(1, count + 1):
        mark = "canary.ana@example.org" if who % 2 else "someone.else@example.org"
        mail = f"{mark}.{who}"
        name = mark + "-" + "x" * chance.choice([5, 300, 900])
        told.append(identify(str(who), email=mail, first_name=name))
        told.append(event("product_viewed", {"id": str(who)}, product_id=f"{mark} {who}"))
        paid = {"total": "1.00", "currency": "USD", "coupon": mark}
        told.append(event("order_paid", str(who), order_id=str(who), **paid))
    chance.shuffle(told)
    return told


def test_of_a_crowd_the_erased_leave_no_byte_and_the_others_all_of_theirs(story):
    """Law 20: also where pages of the files were split, freed and used again."""
    story.work(*_crowd(120, 1))
    story.work(*_crowd(120, 2))
    wanted = [str(who) for who in range(1, 121, 2)]
    story.work(*(said("erase", who) for who in wanted))

    assert story.left() == []
    assert story.found == ["erasure_verified"] * len(wanted)
    state = (story.folder / "state.db").read_bytes()
    assert all(f"someone.else@example.org.{who}".encode() in state for who in range(2, 121, 2))


SUPPORT = Path(killed.__file__).parent


@pytest.mark.parametrize(
    ("step", "nth"),
    [
        ("settling commits", 4),
        ("settling ends", 4),
        ("settling commits", 5),
        ("settling ends", 5),
        ("scrub commits", 1),
        ("scrub commits", 2),
        ("scrub commits", 3),
        ("scrub commits", 4),
        ("scrub ends", 6),
    ],
)
def test_a_kill_anywhere_on_the_way_loses_no_erasure(step, nth, tmp_path):
    """Laws 16, 20: between settling and emptying, and between the two files."""
    with serving() as local:
        contract = tmp_path / "tracking.yaml"
        text = CONTRACT.read_text()
        contract.write_text(text.replace("http://127.0.0.1:8710", local.url))
        lines = [json.dumps({**one, "at": _NOW}) for one in (ANA, ORDER, said("erase", "42"))]
        file = tmp_path / "records.ndjson"
        file.write_text("\n".join(lines))
        store = tmp_path / "store"

        def play(role: str, step: str = "never", nth: int = 1) -> int:
            command = [sys.executable, SUPPORT / "killed.py", role, step, str(nth)]
            command += [contract, f"sqlite:{store}", file]
            environment = {**os.environ, "PYTHONPATH": f"{SUPPORT.parent}:{_SOURCE}"}
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode in (0, -signal.SIGKILL), done.stderr
            return done.returncode

        file.write_text("\n".join(lines[:2]))
        play("capture")
        play("work")
        file.write_text(lines[2])
        play("capture")
        play("work", step, nth)
        play("work")

        assert [
            one for one in CANARIES for path in store.iterdir() if one in path.read_bytes()
        ] == []
        suppressed = [
            item["identifiers"]
            for request in local.log()
            for item in request["items"]
            if item["action"] == "suppress"
        ]
        assert {"id": "42"} in suppressed
        assert MAIL in suppressed


_NOW = "2026-01-01T00:00:00Z"
_SOURCE = Path(__file__).parents[2] / "src"
