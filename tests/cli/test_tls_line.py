"""`truthpoint workspace` and `up` say where TLS is served, or why not."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import ssl
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from support.commands import Shop, ended


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def _lines(process, count):
    assert process.stdout is not None
    return [process.stdout.readline().decode().rstrip("\n") for _ in range(count)]


@pytest.mark.parametrize("file", [(), ("--file", "workspace.db")])
def test_the_line_names_an_address_that_its_ca_file_vouches_for(shop, file):
    """Beside the file, or in a folder that goes with the process."""
    process = shop.start("workspace", "--port", "0", *file)
    said = _lines(process, 2)[1]
    address, ca_file = re.fullmatch(r"with TLS {9}(https://\S+)  CA file (/.+)", said).groups()
    context = ssl.create_default_context(cafile=ca_file)
    with urllib.request.urlopen(address + "/local/log", timeout=20, context=context) as answer:
        status = answer.status
    process.send_signal(signal.SIGTERM)
    told = ended(process)

    assert (200, 0, "") == (status, told.code, told.err)
    kept = shop.folder / "workspace.db.ca.pem"
    assert (bool(file), bool(file)) == (Path(ca_file).exists(), kept.exists())


def _taken():
    """A port that is held; the one before it is free."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as before, suppress(OSError):
            return socket.create_server(("127.0.0.1", before.getsockname()[1] + 1))


def test_a_taken_port_ends_nothing_but_tls(shop):
    """The plain port is served, and the line says what to do."""
    taken = _taken()
    port = taken.getsockname()[1] - 1
    with taken:
        process = shop.start("workspace", "--port", str(port))
        plain, said = _lines(process, 2)
        process.send_signal(signal.SIGTERM)
        told = ended(process)

    assert f"local workspace  http://127.0.0.1:{port}" == plain
    assert said.startswith(f"without TLS      Port {port + 1} on 127.0.0.1 cannot be used for TLS")
    assert 0 == told.code


def test_up_says_it_last(shop):
    """After what everybody needs; the certificates lie in the store's folder."""
    process = shop.start("up", "--port", "0", "--workspace-port", "0")
    said = _lines(process, 5)[-1]
    process.send_signal(signal.SIGINT)
    told = ended(process)

    assert re.fullmatch(
        r"with TLS {9}https://127\.0\.0\.1:\d+  CA file /.+/workspace\.db\.ca\.pem", said
    )
    assert 0 == told.code, told.err


def test_these_tests_have_openssl():
    """What they prove needs it."""
    assert shutil.which("openssl") is not None
