"""A disk whose syncs fail on demand: a small library, put before the C library of a process.

SQLite calls `fdatasync` or `fsync`; while a file of the test exists, both fail as a disk with
a defect makes them fail. Nothing else of the process is changed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

_LIBRARY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int synced(const char *name, int file) {
    const char *failing = getenv("FAILING_DISK");
    if (failing && access(failing, F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(file);
}

int fsync(int file) { return synced("fsync", file); }
int fdatasync(int file) { return synced("fdatasync", file); }
"""


@dataclass(frozen=True)
class FailingDisk:
    """A disk that fails while it is told to."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to be given this disk."""
        return {
            "LD_PRELOAD": str(self.folder / "failing_disk.so"),
            "FAILING_DISK": str(self.folder / "fails"),
        }

    def fail(self) -> None:
        """Let every sync fail from here on."""
        (self.folder / "fails").touch()

    def mend(self) -> None:
        """Let syncs succeed again."""
        (self.folder / "fails").unlink()


def failing_disk(folder: Path) -> FailingDisk:
    """Make one; a machine without Linux or a C compiler skips the test."""
    compiler = shutil.which("cc")
    if not sys.platform.startswith("linux") or compiler is None:
        pytest.skip("needs Linux and a C compiler (cc)")
    folder.mkdir(exist_ok=True)
    source, library = folder / "failing_disk.c", folder / "failing_disk.so"
    source.write_text(_LIBRARY, encoding="utf-8")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return FailingDisk(folder)
