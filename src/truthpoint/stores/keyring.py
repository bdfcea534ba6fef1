"""The gateway's keys in a file of their own, `keys.json`: digests only, private to its user.

A file beside the store and not a table in it, because keys belong to the machine's set-up:
they outlive `up --start-over`, and a backup of the state brings no revoked key back.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec

from truthpoint.core.keys import Key
from truthpoint.errors import StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

FILE: Final = "keys.json"
_LOCK: Final = "keys.lock"

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(list[Key]).decode

_Stamp = tuple[int, int, int]


class FileKeyring:
    """Keys in a file; what another process changes is seen at the next look.

    Args:
        folder: The store's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE
        self._stamp: _Stamp | None = None
        self._keys: tuple[Key, ...] = ()

    def keys(self) -> tuple[Key, ...]:
        """Return the keys that are in force.

        Raises:
            StoreUnusable: The file cannot be read, or is not ours.
        """
        try:
            seen = self._path.stat()
            stamp = (seen.st_ino, seen.st_mtime_ns, seen.st_size)
            if stamp != self._stamp:
                self._keys, self._stamp = tuple(_decode(self._path.read_bytes())), stamp
        except FileNotFoundError:
            self._keys, self._stamp = (), None
        except OSError as error:
            raise StoreUnusable(
                f"{self._path} cannot be read: {error.strerror}.",
                hint="Give this user the right to read it.",
            ) from None
        except msgspec.MsgspecError:
            raise StoreUnusable(
                f"{self._path} is not a file of keys.",
                hint="Move it away, and make new keys with `truthpoint keys new`.",
            ) from None
        return self._keys

    def add(self, key: Key) -> bool:
        """Put a key in force; False, and nothing changes, when its name or id is taken."""
        with self._changing() as keys:
            if any(key.name == one.name or key.id == one.id for one in keys):
                return False
            self._write([*keys, key])
        return True

    def revoke(self, name: str) -> Key | None:
        """Take a key out of force, by its name or id; return it, None when there is none."""
        with self._changing() as keys:
            found = next((one for one in keys if name in (one.name, one.id)), None)
            if found is not None:
                self._write([one for one in keys if one is not found])
        return found

    @contextmanager
    def _changing(self) -> Generator[tuple[Key, ...]]:
        """Hold the file alone, and explain what the system refuses."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self._folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self.keys()
            finally:
                os.close(lock)
        except OSError as error:
            raise StoreUnusable(
                f"{self._path} cannot be written: {error.strerror}.",
                hint="Give this user the right to write there, or name another --store.",
            ) from None

    def _write(self, keys: Sequence[Key]) -> None:
        """Replace the file as a whole: whoever reads sees the old or the new one."""
        whole = self._path.with_suffix(".new")
        number = os.open(whole, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(_encode(keys) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        whole.replace(self._path)
