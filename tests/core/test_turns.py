"""What a person sends next: the theory of operation of `turns`, sentence by sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from truthpoint.contract.model import Lane
from truthpoint.core.outbox import (
    OPEN,
    PARTING,
    TRANSITIONS,
    Act,
    Action,
    Operation,
    Standing,
    State,
    Totals,
)
from truthpoint.core.people import address_of
from truthpoint.core.turns import (
    CLOSED,
    ERASED,
    MAX_SHARED_ITEM_BYTES,
    MAX_TURN_BYTES,
    NO_IDENTIFY,
    STALE,
    SUPERSEDED,
    WITHOUT_TOTALS,
    Queue,
    Turn,
    address_after,
    lacks_identify,
    next_turn,
    no_identify,
    size_bound,
    stamped,
    standing_after,
)

ADDRESS = address_of("id", "42")


def an_operation(
    number: int,
    *,
    action: Action = Action.EVENT,
    barrier: bool = False,
    size: int = 2,
) -> Operation:
    return Operation(
        id=number,
        person=1,
        record=number,
        lane=Lane.LIVE,
        action=action,
        event="",
        name="",
        event_id="",
        at_ms=0,
        attributes=b"x" * size,
        barrier=barrier,
    )


def a_queue(
    *operations: Operation,
    standing: Standing = Standing.KNOWN,
    complete: bool = True,
    critical_until: int = 0,
    totals: Totals | None = None,
) -> Queue:
    return Queue(
        person=1,
        address=ADDRESS,
        standing=standing,
        operations=operations,
        complete=complete,
        critical_until=critical_until,
        totals=totals,
    )


def ended(turn: Turn) -> tuple[Operation, ...]:
    """The operations of a turn that are not sent."""
    return tuple(operation for operation, _, _ in turn.ended)


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from([Action.EVENT] * 6 + [Action.IDENTIFY] * 2 + [Action.SUPPRESS]),
        st.booleans(),
        st.sampled_from([2, 2, 2, 200, 20_000, 31_000, 31_600, 50_000]),
    ),
    max_size=30,
).map(
    lambda drawn: tuple(
        # Ids rise, with gaps: others' operations stand between.
        an_operation(
            3 * place + 1,
            action=action,
            barrier=action in PARTING or (barrier and action is Action.IDENTIFY),
            size=size,
        )
        for place, (action, barrier, size) in enumerate(drawn)
    )
)
TOTALS = st.none() | st.builds(
    lambda **parts: Totals(**parts),  # noqa: PLW0108 - their annotations are not there now
    person=st.just(1),
    version=st.integers(1, 3),
    sent_version=st.sampled_from([0, 0, 0, 3]),
    changed_by=st.integers(0, 30) | st.integers(0, 100),
    values=st.just({}),
)
QUEUES = st.builds(
    lambda **parts: Queue(**parts),  # noqa: PLW0108 - as above
    person=st.just(1),
    address=st.just(ADDRESS),
    standing=st.sampled_from([Standing.KNOWN] * 5 + list(Standing)),
    operations=OPERATIONS,
    complete=st.booleans(),
    critical_until=st.just(0) | st.integers(0, 30),
    totals=TOTALS,
)


@given(QUEUES)
def test_the_same_queue_gives_the_same_turn(queue: Queue) -> None:
    """Pure: the store may form it again."""
    assert next_turn(queue) == next_turn(queue)


@given(QUEUES)
def test_a_turn_is_the_beginning_of_its_queue(queue: Queue) -> None:
    """Law 7: nothing is left out, nothing overtakes; what must die stands in front, too."""
    turn = next_turn(queue)
    if turn is None:
        return

    assert turn.operations == tuple(queue.operations[: len(turn.operations)])
    assert ended(turn) == tuple(queue.operations[: len(turn.ended)])
    assert (turn.person, turn.address) == (queue.person, queue.address)


@given(QUEUES)
def test_a_turn_is_of_exactly_one_kind(queue: Queue) -> None:
    """An identify of ours, operations with or without totals, totals, or what is not sent."""
    turn = next_turn(queue)
    if turn is None:
        return
    kinds = [
        turn.identify,
        bool(turn.operations),
        bool(turn.ended),
        turn.totals is not None and not turn.operations,
    ]

    assert kinds.count(True) == 1
    assert not (turn.alone and turn.totals)
    assert not turn.identify or turn.alone


@given(QUEUES)
def test_nothing_is_sent_before_an_identify_was_accepted(queue: Queue) -> None:
    """Law 4: to a person who is not known goes an identify first, alone; visitors have none."""
    sending = {Standing.KNOWN, Standing.ANONYMOUS}
    turn = next_turn(queue)
    if turn is None or queue.standing in sending or turn.ended:
        return
    (theirs,) = [one.action for one in turn.operations] or [Action.IDENTIFY]

    assert turn.alone
    assert turn.identify or theirs is Action.IDENTIFY or theirs in PARTING
    assert turn.totals is None


@given(QUEUES)
def test_barriers_and_large_operations_go_alone(queue: Queue) -> None:
    """Law 7; and what exceeds a shared item has a request of its own."""
    turn = next_turn(queue)
    if turn is None or len(turn.operations) < 2:
        return

    assert not any(one.barrier for one in turn.operations)
    assert all(size_bound(one, "42") <= MAX_SHARED_ITEM_BYTES for one in turn.operations)
    assert sum(size_bound(one, "42") for one in turn.operations) <= MAX_TURN_BYTES


@given(QUEUES)
def test_a_turn_of_a_known_person_ends_only_for_a_reason(queue: Queue) -> None:
    """Operations up to the next barrier, large one, full turn, or end of what is critical."""
    turn = next_turn(queue)
    if turn is None or turn.alone or not turn.operations:
        return
    taken, left = turn.operations, queue.operations[len(turn.operations) :]
    if not left:
        return
    size = sum(size_bound(one, "42") for one in (*taken, left[0]))

    assert (
        left[0].barrier
        or size_bound(left[0], "42") > MAX_SHARED_ITEM_BYTES
        or size > MAX_TURN_BYTES
        or taken[-1].id <= queue.critical_until < left[0].id
    )


@given(QUEUES)
def test_what_stands_behind_something_critical_is_not_lifted_with_it(queue: Queue) -> None:
    """Law 8: everything before it, and nothing after it."""
    turn = next_turn(queue)
    if turn is None or not turn.operations or turn.operations[0].id > queue.critical_until:
        return

    assert all(one.id <= queue.critical_until for one in turn.operations)


@given(QUEUES)
def test_totals_wait_for_what_changed_them_last(queue: Queue) -> None:
    """Law 10: they go with or behind it, never before."""
    turn = next_turn(queue)
    if turn is None or turn.totals is None:
        return
    left = queue.operations[len(turn.operations) :]

    assert turn.totals.waiting
    assert all(turn.totals.changed_by < one.id for one in left)
    if not queue.complete and not left and turn.operations:
        assert turn.totals.changed_by <= turn.operations[-1].id


@given(QUEUES)
def test_a_person_always_has_something_due_while_something_waits(queue: Queue) -> None:
    """No queue stands still: only where there is nobody to tell them do totals wait."""
    waits = bool(queue.operations) or (queue.totals is not None and queue.totals.waiting)
    turn = next_turn(queue)

    if turn is None:
        assert not queue.operations
        assert queue.standing in WITHOUT_TOTALS or not waits
    if queue.standing is Standing.DUE:
        assert turn is not None
        assert turn.identify


@given(QUEUES)
def test_people_who_were_refused_send_nothing_but_an_identify(queue: Queue) -> None:
    """Their operations are dead up to the shop's next identify, or to what erases them."""
    turn = next_turn(replace(queue, standing=Standing.REFUSED))
    if turn is None:
        return
    actions = [one.action for one in queue.operations]

    opens = {Action.IDENTIFY, *PARTING}
    if turn.ended:
        assert opens.isdisjoint(actions[: len(turn.ended)])
        assert opens.issuperset(actions[len(turn.ended) : len(turn.ended) + 1])
        assert {(Act.REFUSE, NO_IDENTIFY)} == {(act, reason) for _, act, reason in turn.ended}
    else:
        (only,) = turn.operations
        assert only.action in opens


@given(QUEUES)
def test_a_queue_is_emptied_in_order_whatever_stands_in_it(queue: Queue) -> None:
    """Law 7: turn after turn, each settled, every operation leaves once, in order of its id."""
    left = list(queue.operations)
    standing = queue.standing
    done: list[int] = []
    sent = False
    for _ in range(2 * len(left) + 3):
        turn = next_turn(
            replace(
                queue,
                operations=tuple(left),
                standing=standing,
                complete=True,
                totals=None if sent else queue.totals,
            )
        )
        if turn is None:
            break
        gone = turn.operations or ended(turn)
        done += [one.id for one in gone]
        left = left[len(gone) :]
        sent = sent or turn.totals is not None
        if not turn.ended:
            standing = standing_after(turn, standing, delivered=True, dead=False)

    assert [one.id for one in queue.operations] == done
    assert [] == left


def test_an_unknown_person_with_totals_alone_is_identified_first() -> None:
    """Law 4."""
    totals = Totals(person=1, version=2, sent_version=1, values={})

    unknown = next_turn(a_queue(standing=Standing.UNKNOWN, totals=totals))
    known = next_turn(a_queue(totals=totals))

    assert unknown is not None
    assert (True, None) == (unknown.identify, unknown.totals)
    assert known is not None
    assert (False, (), totals) == (known.identify, known.operations, known.totals)
    assert next_turn(a_queue(standing=Standing.REFUSED, totals=totals)) is None
    assert next_turn(a_queue(totals=replace(totals, sent_version=2))) is None


@given(QUEUES, st.integers(0, 2 * 10**12))
def test_a_turn_leaves_with_its_attempts_counted_and_a_time_that_only_rises(
    queue: Queue, now_ms: int
) -> None:
    """Law 10: totals carry a time of their own, strictly later than the last."""
    turn = next_turn(queue)
    if turn is None:
        return
    left = stamped(turn, now_ms)

    assert [one.attempts + 1 for one in turn.operations] == [
        one.attempts for one in left.operations
    ]
    if turn.totals is not None and left.totals is not None:
        assert left.totals.wire_at_s > turn.totals.wire_at_s
        assert left.totals.wire_at_s >= now_ms // 1000
    assert replace(left, operations=turn.operations, totals=turn.totals) == turn


A_START = replace(an_operation(1, barrier=True), at_ms=500, tie="c-1", expires_at_ms=900)


@pytest.mark.parametrize(
    ("closed_until_ms", "now_ms", "reason"),
    [
        (None, 900, None),
        (499, 900, None),
        (500, 900, CLOSED),
        (501, 901, CLOSED),
        (499, 901, STALE),
        (None, 901, STALE),
    ],
)
def test_a_start_is_looked_at_again_before_it_leaves(
    closed_until_ms: int | None, now_ms: int, reason: str | None
) -> None:
    """Law 9: what was closed meanwhile, or is too old by now, is withheld, and nothing else."""
    queue = a_queue(A_START, an_operation(2))
    turn = next_turn(replace(queue, closed_until_ms=closed_until_ms, now_ms=now_ms))

    assert turn is not None
    if reason is None:
        assert ((A_START,), True, ()) == (turn.operations, turn.alone, turn.ended)
    else:
        assert ((), ((A_START, Act.WITHHOLD, reason),)) == (turn.operations, turn.ended)


@pytest.mark.parametrize("standing", [Standing.UNKNOWN, Standing.KNOWN, Standing.REFUSED])
def test_a_start_that_is_closed_is_withheld_before_anybody_is_identified_for_it(
    standing: Standing,
) -> None:
    """Nobody is made known for an event that never leaves."""
    turn = next_turn(replace(a_queue(A_START, standing=standing), closed_until_ms=500))

    assert turn is not None
    assert ((A_START, Act.WITHHOLD, CLOSED),) == turn.ended


def test_an_identify_whose_person_was_merged_is_superseded() -> None:
    """What it says is not said of whoever took them over."""
    merged = replace(an_operation(1, action=Action.IDENTIFY, barrier=True), expires_at_ms=1)
    turn = next_turn(a_queue(merged))

    assert turn is not None
    assert ((merged, Act.WITHHOLD, SUPERSEDED),) == turn.ended


def test_what_has_to_wait_holds_its_person_up() -> None:
    """Law 7: nothing overtakes a merge whose time has not come."""
    merge = replace(an_operation(1, action=Action.MERGE, barrier=True), not_before_ms=500)
    queue = a_queue(merge, an_operation(2))
    waits, leaves = (next_turn(replace(queue, now_ms=now_ms)) for now_ms in (499, 500))

    assert waits is not None
    assert (500, (), ()) == (waits.not_before_ms, waits.operations, waits.ended)
    assert leaves is not None
    assert (0, (merge,), True) == (leaves.not_before_ms, leaves.operations, leaves.alone)


@pytest.mark.parametrize("action", sorted(PARTING))
def test_nothing_leaves_for_the_erased_but_what_erases_them_there(action: Action) -> None:
    """Law 20: what stands before it is withheld, and so is what stands behind it."""
    before, parting, behind = (
        an_operation(1),
        an_operation(2, action=action, barrier=True),
        an_operation(3, action=Action.IDENTIFY, barrier=True),
    )
    totals = Totals(person=1, version=1, values={})

    def turn(*operations: Operation) -> Turn | None:
        return next_turn(a_queue(*operations, standing=Standing.ERASED, totals=totals))

    first, second, third = turn(before, parting, behind), turn(parting, behind), turn(behind)
    assert first is not None
    assert ((before, Act.WITHHOLD, ERASED),) == first.ended
    assert second is not None
    assert ((parting,), True, None) == (second.operations, second.alone, second.totals)
    assert third is not None
    assert ((behind, Act.WITHHOLD, ERASED),) == third.ended
    assert turn() is None


def test_the_events_of_visitors_leave_without_an_identify_and_without_totals() -> None:
    """Law 4: an anonymous event needs none, and there is no profile to tell totals of."""
    totals = Totals(person=1, version=1, values={})
    turn = next_turn(a_queue(an_operation(1), standing=Standing.ANONYMOUS, totals=totals))

    assert turn is not None
    assert ((an_operation(1),), False, None) == (turn.operations, turn.identify, turn.totals)
    assert next_turn(a_queue(standing=Standing.ANONYMOUS, totals=totals)) is None


def test_the_reason_of_what_no_identify_preceded_says_what_it_was_refused_for() -> None:
    """And can be told from any other reason."""
    queue = replace(a_queue(an_operation(1), standing=Standing.REFUSED), refusal="invalid id")
    turn = next_turn(queue)

    assert turn is not None
    assert ["no_identify: invalid id"] == [reason for _, _, reason in turn.ended]
    assert [True, True, False] == [
        lacks_identify(one) for one in (no_identify(""), no_identify("x: y"), "refused: x")
    ]


def test_a_guest_goes_by_the_id_once_the_identify_that_gives_it_was_accepted() -> None:
    """Not before, and by nothing else's address."""
    gives = replace(an_operation(1, action=Action.IDENTIFY, barrier=True), address=ADDRESS)
    parts = replace(gives, action=Action.SUPPRESS)

    def address(*operations: Operation, delivered: bool = True) -> str:
        turn = Turn(person=1, address=address_of("email", "a@b"), operations=operations)
        return address_after(turn, delivered=delivered)

    assert ADDRESS == address(gives)
    assert ["", "", "", "", ""] == [
        address(gives, delivered=False),
        address(),
        address(gives, an_operation(2)),
        address(parts),
        address(an_operation(2)),
    ]


OURS = Turn(person=1, address=ADDRESS, identify=True, alone=True)
THEIRS = Turn(
    person=1,
    address=ADDRESS,
    operations=(an_operation(1, action=Action.IDENTIFY, barrier=True),),
    alone=True,
)
EVENTS = Turn(person=1, address=ADDRESS, operations=(an_operation(1),))


@pytest.mark.parametrize(
    ("turn", "before", "delivered", "dead", "after"),
    [
        (OURS, Standing.UNKNOWN, True, False, Standing.KNOWN),
        (OURS, Standing.DUE, True, False, Standing.KNOWN),
        (OURS, Standing.UNKNOWN, False, True, Standing.REFUSED),
        (OURS, Standing.DUE, False, True, Standing.REFUSED),
        (OURS, Standing.DUE, False, False, Standing.DUE),
        (THEIRS, Standing.UNKNOWN, True, False, Standing.KNOWN),
        (THEIRS, Standing.REFUSED, True, False, Standing.KNOWN),
        (THEIRS, Standing.UNKNOWN, False, True, Standing.DUE),
        (THEIRS, Standing.REFUSED, False, True, Standing.DUE),
        (THEIRS, Standing.KNOWN, False, True, Standing.KNOWN),
        (THEIRS, Standing.UNKNOWN, False, False, Standing.UNKNOWN),
        (EVENTS, Standing.KNOWN, False, True, Standing.KNOWN),
        (EVENTS, Standing.KNOWN, True, False, Standing.KNOWN),
        (EVENTS, Standing.ANONYMOUS, True, False, Standing.ANONYMOUS),
        (OURS, Standing.ERASED, True, False, Standing.ERASED),
        (THEIRS, Standing.ERASED, False, True, Standing.ERASED),
    ],
)
def test_an_identify_decides_how_a_person_stands(
    turn: Turn, before: Standing, after: Standing, *, delivered: bool, dead: bool
) -> None:
    """Law 4: accepted, refused and followed by a bare one, or refused in the end."""
    assert after is standing_after(turn, before, delivered=delivered, dead=dead)


def test_the_life_of_an_operation_is_the_one_of_the_documentation() -> None:
    """Design, section 3: ready, leased, delivered, dead, withheld; and what follows what."""
    assert {
        (State.READY, State.LEASED),
        (State.READY, State.WITHHELD),
        (State.READY, State.DEAD),
        (State.LEASED, State.DELIVERED),
        (State.LEASED, State.READY),
        (State.LEASED, State.DEAD),
        (State.LEASED, State.WITHHELD),
        (State.DEAD, State.READY),
        (State.DEAD, State.WITHHELD),
    } == {(before, after) for (before, _), after in TRANSITIONS.items()}
    assert {State.READY, State.LEASED} == OPEN
    assert set(Act) == {act for _, act in TRANSITIONS}


def test_nothing_that_was_delivered_or_withheld_ever_moves_again() -> None:
    """Law 16: every record ends in exactly one recorded outcome."""
    assert not {State.DELIVERED, State.WITHHELD} & {before for before, _ in TRANSITIONS}
