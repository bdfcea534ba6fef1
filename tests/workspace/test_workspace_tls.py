"""TLS: certificates that are made, kept and renewed; the same workspace behind both ports."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import shutil
import ssl
import stat
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from asking import BASIC

from truthpoint.testing.running import running_workspace
from truthpoint.workspace import Workspace, WorkspaceError, certificates_beside, start

module = sys.modules[certificates_beside.__module__]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store" / "workspace.db"


def _both(path):
    with certificates_beside(path) as files:
        return files, files.ca_file.read_bytes(), files.server_file.read_bytes()


def test_certificates_are_made_once_and_kept(path):
    """Beside the file, for its user only; the CA's key is nowhere."""
    files, *first = _both(path)

    assert first == list(_both(path)[1:])
    assert ["workspace.db.ca.pem", "workspace.db.tls.pem"] == [
        files.ca_file.name,
        files.server_file.name,
    ]
    assert {0o600} == {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert 2 == len(list(path.parent.iterdir()))
    assert (1, 1) == tuple(one.count(b"BEGIN CERTIFICATE") for one in first)
    assert (0, 1) == tuple(len(re.findall(rb"BEGIN \w* ?PRIVATE KEY", one)) for one in first)


def test_the_certificate_stands_the_strictest_check(path):
    """By `openssl`'s own strict rules, as newer Pythons apply them."""
    files, *_ = _both(path)
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile"]
    done = subprocess.run(
        [*command, files.ca_file, files.server_file], capture_output=True, check=False
    )

    assert 0 == done.returncode, done.stderr


@pytest.mark.parametrize("broken", ["ca_file", "server_file"])
@pytest.mark.parametrize("how", ["missing", "spoiled"])
def test_certificates_that_cannot_be_used_are_made_anew(path, broken, how):
    """Both, since one without the other is worth nothing."""
    files, *first = _both(path)
    one = getattr(files, broken)
    one.unlink() if how == "missing" else one.write_bytes(b"nonsense")

    again = list(_both(path)[1:])
    assert first[0] != again[0]
    assert first[1] != again[1]


def test_certificates_are_renewed_before_they_end(path, monkeypatch):
    """A month before."""
    _, *first = _both(path)
    monkeypatch.setattr(module, "RENEW_SECONDS", (module.VALID_DAYS + 1) * 86_400)

    assert first != list(_both(path)[1:])


def test_without_a_file_they_go_at_the_end():
    """A workspace in memory leaves nothing."""
    with certificates_beside(None) as files:
        assert files.ca_file.exists()

    assert not files.ca_file.parent.exists()


def test_a_machine_without_openssl_says_so(path, monkeypatch):
    """With what to do; files that are there are used without it."""
    _, *first = _both(path)
    monkeypatch.setattr(shutil, "which", lambda name: None)

    assert first == list(_both(path)[1:])
    with pytest.raises(WorkspaceError, match="needs the program `openssl`"):
        _both(path.with_name("other.db"))


def test_an_openssl_that_fails_says_so(path, tmp_path, monkeypatch):
    """With its exit code, and nothing half made."""
    program = tmp_path / "openssl"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(program))

    with pytest.raises(WorkspaceError, match="`openssl` ended with 3"):
        _both(path)
    assert not path.parent.exists()


def _tls(address, ca_file):
    context = ssl.create_default_context(cafile=ca_file)
    return http.client.HTTPSConnection(urlsplit(address).netloc, timeout=20, context=context)


def _ask(connection, method, path, body=None):
    data = None if body is None else json.dumps(body)
    connection.request(method, path, data, {"Authorization": BASIC})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


@pytest.fixture(scope="module")
def local():
    with running_workspace() as running:
        yield running


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_both_ports_lead_to_one_workspace(local, name):
    """The region answers with the address that was asked."""
    local.reset()
    address = local.tls().url.replace("127.0.0.1", name)
    connection = _tls(address, local.tls().ca_file)

    assert 200 == _ask(connection, "PUT", "/api/v1/customers/1", {"plan": "a"})[0]
    assert address == _ask(connection, "GET", "/api/v1/accounts/region")[1]["url"]
    connection.close()
    assert "a" == local.person("1")["attributes"]["plan"]


def test_a_reset_breaks_a_connection_under_tls_too(local):
    """T8: no answer, and the log knows that it took effect."""
    local.reset()
    local.put_faults({"kind": "reset", "when": "after"})
    connection = _tls(local.tls().url, local.tls().ca_file)
    with pytest.raises((ConnectionError, ssl.SSLError)):
        _ask(connection, "PUT", "/api/v1/customers/1", {})
    connection.close()

    assert [(False, "applied")] == [
        (one["answered"], one["items"][0]["effect"]) for one in local.log()
    ]


def test_plain_bytes_on_the_tls_port_end_their_own_connection_only(local):
    """Others go on."""
    connection = http.client.HTTPConnection(urlsplit(local.tls().url).netloc, timeout=20)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        _ask(connection, "GET", "/local/log")
    connection.close()

    connection = _tls(local.tls().url, local.tls().ca_file)
    assert 200 == _ask(connection, "GET", "/local/log")[0]
    connection.close()


def test_the_page_of_the_tls_port_may_steer_it_and_no_other(local):
    """`Origin` is compared with the scheme that was used."""
    connection = _tls(local.tls().url, local.tls().ca_file)
    told = []
    for origin in (local.tls().url, local.url, "https://example.org"):
        connection.request("DELETE", "/local/faults", headers={"Origin": origin})
        answer = connection.getresponse()
        answer.read()
        told.append(answer.status)
    connection.close()

    assert [200, 403, 403] == told


def test_a_taken_port_is_said(path):
    """And the plain port goes on."""

    async def story():
        workspace = Workspace(None)
        server = await start(workspace, port=0)
        with certificates_beside(path) as files:
            try:
                with pytest.raises(WorkspaceError, match="cannot be used for TLS of the local"):
                    await server.serve_tls(files, port=urlsplit(server.url).port)
            finally:
                await server.stop()
                workspace.close()

    asyncio.run(story())
