"""The reference page of the local workspace: its curl calls are made, its tables compared."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import get_args

import pytest
from asking import Asked, event

from support.local import serving
from truthpoint.testing.running import LocalWorkspace
from truthpoint.workspace.faults import AnyFault, Fault
from truthpoint.workspace.routes import _BUILT

PAGE = Path(__file__).parents[2] / "docs/reference/local-workspace.md"
TEXT = PAGE.read_text(encoding="utf-8")
CALLS = re.findall(r"^\$ (curl .+)\n((?:(?!\$ |```).*\n)*)", TEXT, re.MULTILINE)


def _curl(command: str, address: str) -> str:
    """What curl would print; as much of curl as the page uses."""
    words = iter(shlex.split(command.partition(" | ")[0])[1:])
    method, headers, data, url, shown = None, {}, None, "", "body"
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-u":
            headers["Authorization"] = "Basic " + b64encode(next(words).encode()).decode()
        elif word == "-d":
            data = next(words).encode()
        elif word == "-o":
            next(words)
        elif word == "-w":
            shown = next(words)
        elif word != "-s":
            url = word.replace("http://127.0.0.1:8710", address)
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            status, body = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            status, body = error.code, error.read().decode()
    return str(status) if shown == r"%{http_code}\n" else body


def _alike(text: str):
    """JSON without what differs from run to run: times, the life, a person's `cio_id`."""
    text = re.sub(r'"[0-9a-f]{16}"', '"CIO_ID"', text)
    return json.loads(re.sub(r"(: ?)\d{5,}(\.\d+)?", r"\g<1>0", text))


def test_the_page_shows_what_curl_gets():
    """Every call, in the page's order, against a new workspace: the answers are those shown."""
    assert len(CALLS) >= 8
    with serving() as local:
        for command, shown in CALLS:
            assert _alike(shown) == _alike(_curl(command, local.url)), command


def test_the_page_lists_the_endpoints_that_are_built():
    """Neither one more nor one less."""
    rows = re.findall(r"^\| `(\w+) (/(?:api/)?v[12]/[^`?]+)", TEXT, re.MULTILINE)
    built = {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path, *_ in _BUILT}

    assert built == {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in rows}


@pytest.mark.parametrize("kind", get_args(AnyFault), ids=lambda kind: kind.__name__)
def test_the_page_names_every_field_of_a_fault(kind):
    """Those of the kind in its row, the common ones in their table."""
    config = kind.__struct_config__
    row = re.findall(
        rf"^\| `{config.tag}` \| (.+)$", TEXT[TEXT.index("## Faults") :], re.MULTILINE
    )[0]
    own = set(kind.__struct_fields__) - set(Fault.__struct_fields__)

    assert own <= set(re.findall(r"`(\w+)`", row))
    for name in Fault.__struct_fields__:
        assert f"\n| `{name}` |" in TEXT


def test_the_faults_that_the_page_shows_are_taken():
    """Each row of what Customer.io is known to do, as it stands."""
    rows = re.findall(r"^\| [^|]+ \| `(\{\"kind\".+\})` \|$", TEXT, re.MULTILINE)

    assert 11 == len(rows)
    local = Asked()
    for row in rows:
        local.faults(json.loads(row))
    local.workspace.close()


def test_the_page_names_what_the_fixture_can_do():
    """Every public name, and no other."""
    rows = re.findall(r"^\| (`.+?) \| ", TEXT[TEXT.index("## In your tests") :], re.MULTILINE)
    named = set(re.findall(r"`(\w+)", " ".join(rows))) - {"local_workspace"}
    public = {name for name in vars(LocalWorkspace) if not name.startswith("_")}

    assert (public | {"url"}) - {"start", "stop"} == named


def test_the_page_names_every_field_of_the_log():
    """Of the answer, of a request and of an item."""
    local = Asked()
    local.batch(event("1"))
    told = local.control("GET", "/local/log")[1]
    local.workspace.close()
    named = set(re.findall(r"`(\w+)`", TEXT[TEXT.index("## The log") :]))

    assert {*told, *told["log"][0], *told["log"][0]["items"][0]} <= named


def test_the_page_names_every_field_of_people_and_requests():
    """Of each list, of one person, of a timeline's entry, of one request."""
    local = Asked()
    local.batch(event("1"))
    paths = ("people", "people/1", "people/1/timeline", "requests", "requests/1")
    answers = [local.control("GET", f"/local/{path}")[1] for path in paths]
    local.workspace.close()
    told = {name for answer in answers for name in answer}
    told |= {name for answer in answers for each in answer.get("found", []) for name in each}
    told |= set(answers[1]["person"]) | set(answers[4]["request"])
    told |= set(answers[4]["request"]["body"])
    named = set(re.findall(r"`(\w+)`", TEXT[TEXT.index("## People and requests") :]))

    assert told - named == {"found", "person"}


@pytest.mark.parametrize("name", ["reference/local-workspace", "explanation/undocumented-choices"])
def test_the_programs_of_the_pages_run(name, tmp_path):
    """As they stand."""
    text = (PAGE.parents[1] / f"{name}.md").read_text(encoding="utf-8")
    programs = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert programs
    (tmp_path / "program.py").write_text("\n".join(programs), encoding="utf-8")

    ran = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (0, "") == (ran.returncode, ran.stderr)
