"""What every set of behaviours begins and ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truthpoint.testing.scene import Scene

if TYPE_CHECKING:
    from truthpoint.ports import Books
    from truthpoint.testing.scene import StoreUnderTest


class Behaviour:
    """A set of behaviours; each begins with a new store and a worker that holds it.

    Attributes:
        scene: The store and its worker.
    """

    scene: Scene

    def open(self) -> StoreUnderTest:
        """Return a new, empty store of the kind that is tested."""
        raise NotImplementedError

    def setup_method(self) -> None:
        """Begin the story."""
        self.scene = Scene(self.open())

    @property
    def knowledge(self) -> Books:
        """What the store knows."""
        return self.scene.store.knowledge

    def teardown_method(self) -> None:
        """End the story."""
        self.scene.close()


def refused(error: type[Exception], act: object, *args: object, **named: object) -> None:
    """See that an act raises this error.

    Args:
        error: The error that must come.
        act: What is called.
        args: Its arguments.
        named: Its arguments by name.
    """
    assert callable(act)

    try:
        act(*args, **named)
    except error:
        return

    raise AssertionError(f"it must be refused with {error.__name__}")
