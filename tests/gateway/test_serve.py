"""`serve` and the gateway of `up`, as processes: keys, signals, kills, and who waits for whom."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import ssl
import subprocess
import threading
import urllib.request
from contextlib import contextmanager

import pytest

from support.commands import Shop, ended, wait_until
from support.gated import Gate, lines
from support.shop import identify, order


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


@contextmanager
def _serving(shop: Shop, *arguments: str, command: str = "serve"):
    process = shop.start(command, "--port", "0", *arguments)
    assert process.stdout is not None
    try:
        gate = Gate(shop.store)
        for line in process.stdout:
            if found := re.match(rb"gateway +https?://\S+:(\d+)\n", line):
                gate.port = int(found[1])
            if b"Ctrl-C" in line:
                break
        else:
            raise AssertionError(f"it did not start: {ended(process)}")
        yield gate, process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _captured(shop: Shop) -> int:
    return json.loads(shop.run("status", "--json").out)["captured"]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_takes_records_with_a_key_and_ends_with_0(shop, stop):
    """From the first key to the records in the store; no worker is needed."""
    with _serving(shop) as (gate, process):
        gate.token = shop.run("keys", "new", "--source", "backend").out.strip()
        told = gate.post_lines(identify("1"), order("A-1", "1"))
        ready = gate.ask("GET", "/readyz").status
        process.send_signal(stop)
        last = ended(process)

    assert (200, 200) == (told.status, ready)
    assert (0, "") == (last.code, last.err)
    assert 2 == _captured(shop)


def test_the_key_local_is_none_for_serve(shop):
    """It is for `up` alone, which delivers to the machine's own workspace."""
    with _serving(shop) as (gate, _):
        assert 401 == gate.post_lines(order("A-1", "1"), token="local").status


def test_up_takes_the_key_local_and_delivers_what_comes(shop):
    """A first request needs no more than `up` and curl."""
    with _serving(shop, "--workspace-port", "0", command="up") as (gate, _):
        told = gate.post_lines(identify("1"), order("A-1", "1"), token="local")
        wait_until(
            lambda: 2 == json.loads(shop.run("status", "--json").out)["operations"]["delivered"]
        )
        metrics = gate.ask("GET", "/metrics").body.decode()

    assert 200 == told.status
    assert "truthpoint_delivery_delivered_total 2\n" in metrics
    assert 'truthpoint_operations{state="delivered"} 2\n' in metrics


def test_sigterm_lets_a_request_under_way_be_answered(shop):
    """It drains: no new connection is taken, and whoever was sending gets their answer."""
    body = lines(*(order(f"A-{number}", "1") for number in range(50)))
    with _serving(shop) as (gate, process):
        token = shop.run("keys", "new", "--source", "backend").out.strip()
        connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=60)
        connection.putrequest("POST", "/v1/records")
        connection.putheader("Authorization", f"Bearer {token}")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:100])
        wait_until(lambda: "waiting_requests 1\n" in gate.ask("GET", "/metrics").body.decode())
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: not _takes_connections(gate.port))
        connection.send(body[100:])
        answer = connection.getresponse()
        results = json.loads(answer.read())["results"]
        connection.close()
        last = ended(process)

    assert (200, 50, 0) == (answer.status, len(results), last.code)
    assert 50 == _captured(shop)


def _takes_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except ConnectionError:
        return False
    return True


def test_what_was_answered_survives_a_kill(shop):
    """Law 1: SIGKILL at any moment; every record that was answered is there."""
    answered: list[str] = []
    with _serving(shop) as (gate, process):
        gate.token = shop.run("keys", "new", "--source", "backend").out.strip()

        def send(client: int) -> None:
            for number in range(10_000):
                try:
                    told = gate.post_lines(
                        {**order(f"{client}-{number}", "1"), "record_id": f"r-{client}-{number}"}
                    )
                except (OSError, http.client.HTTPException):
                    return
                assert 200 == told.status
                answered.append(f"r-{client}-{number}")

        threads = [threading.Thread(target=send, args=(client,)) for client in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answered) > 60)
        process.kill()
        process.communicate()
        for thread in threads:
            thread.join()

    kept = {record_id for _, record_id, _ in Gate(shop.store).bodies()}
    assert set(answered) <= kept
    assert len(kept) <= len(answered) + 4


def test_a_port_that_is_taken_and_a_contract_that_is_none_are_said(shop):
    """Exit 3 and 2, and nothing was made."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        on_port = shop.run("serve", "--port", port)
    on_contract = shop.run("serve", "--contract", "nowhere.yaml")

    assert (3, 2) == (on_port.code, on_contract.code)
    assert f"Port {port} on 127.0.0.1 cannot be used" in on_port.err


def test_it_speaks_tls_with_files_that_fit_and_says_when_they_do_not(shop):
    """Keys do not travel in the clear beyond this machine."""
    certificate, key = shop.folder / "tls.pem", shop.folder / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += " -addext subjectAltName=DNS:localhost -keyout key.pem -out tls.pem"
    made = subprocess.run(command.split(), cwd=shop.folder, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("openssl is not on this machine")
    options = ("--certificate", str(certificate), "--private-key", str(key))
    with _serving(shop, *options) as (gate, _):
        context = ssl.create_default_context(cafile=str(certificate))
        url = f"https://localhost:{gate.port}/healthz"
        with urllib.request.urlopen(url, context=context, timeout=60) as answer:
            alive = json.loads(answer.read())
    certificate.write_text("no certificate")
    refused = shop.run("serve", "--port", "0", *options)
    alone = shop.run("serve", "--private-key", str(key))

    assert {"status": "alive"} == alive
    assert (3, 2) == (refused.code, alone.code)
    assert "The files of TLS cannot be used" in refused.err
