"""Writes that take effect some time after their answer, as at Customer.io (10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import reading
from .applying import apply
from .messages import Request, decode, encode
from .operations import Effect, logged
from .routes import match
from .turn import Turn

if TYPE_CHECKING:
    from .answering import Answer
    from .database import Database, Row
    from .switches import Switches


def is_waiting(database: Database) -> bool:
    """Tell whether a write of an earlier run waits."""
    return bool(database.all("due", (float("inf"),)))


def put_off(turn: Turn, request: Request, answered: Answer) -> None:
    """Keep a request that was answered, if some of its items take effect later."""
    effects = {operation.index: outcome.effect for operation, outcome in answered.items}
    if Effect.PENDING not in effects.values():
        return
    refused = [index for index, effect in effects.items() if effect is not Effect.PENDING]
    due_at = turn.now + turn.switches.apply_delay_seconds
    turn.database.run(
        "add_waiting",
        turn.seq,
        due_at,
        request.method,
        request.path,
        request.body,
        encode(refused).decode(),
    )


def apply_due(database: Database, switches: Switches, life: int, now: float) -> None:
    """Let everything take effect that is due, in its order; the log then tells the effects.

    Args:
        database: In a transaction.
        switches: The undocumented choices.
        life: The workspace's life id.
        now: In unix seconds.
    """
    for row in database.all("due", (now,)):
        _apply(database, switches, life, row)


def _apply(database: Database, switches: Switches, life: int, row: Row) -> None:
    seq, due_at, method, path, body, refused = row
    skipped = set(decode(refused))
    turn = Turn(database=database, switches=switches, now=due_at, life=life, seq=seq)
    asked = reading.read(
        match(method, path), Request(method=method, path=path, body=body), switches
    )
    for operation in asked.operations:
        if operation.index not in skipped:
            outcome = apply(turn, operation)
            database.run("put_item", encode(logged(operation, outcome)), seq, operation.index)
    turn.write_activities()
    database.run("count_effects", turn.people_count, turn.events_count)
    database.run("drop_waiting", seq)
