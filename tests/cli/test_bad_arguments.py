"""What a stranger gets wrong: each message says what, where and what to do, and the code fits."""

from __future__ import annotations

import pytest

from support.commands import Shop
from support.shop import order


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bogus"], "No such command 'bogus'"),
        (["quarantine", "lst"], "Did you mean 'list'?"),
        (["quarantin"], "Did you mean 'quarantine'?"),
        (["send"], "Missing argument 'FILE'"),
        (["status", "--limit", "1"], "No such option: --limit"),
        (["events", "--limit", "0"], "--limit"),
        (["dead", "show", "x"], "RECORD"),
        (["dead", "show"], "Missing argument 'RECORD'"),
        (["person"], "Missing argument 'ID'"),
        (["up", "--port", "70000"], "--port"),
        (["work", "--rate", "0"], "--rate"),
        (["send", "a", "b"], "unexpected extra argument"),
        (["events", "--key"], "--key"),
    ],
)
def test_arguments_that_do_not_parse_end_with_2_and_are_named(shop, arguments, says):
    """Usage is 2, on standard error, with nothing on standard output."""
    told = shop.run(*arguments)

    assert 2 == told.code
    assert says in told.err
    assert "" == told.out


@pytest.mark.parametrize("arguments", [[], ["quarantine"], ["dead"]])
def test_a_group_alone_shows_its_help_and_ends_with_2(shop, arguments):
    """Nothing was asked for."""
    told = shop.run(*arguments)

    assert 2 == told.code
    assert "Commands:" in told.out + told.err


def _contract(shop: Shop, name: str, content: bytes) -> str:
    path = shop.folder / name
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize("command", [["send", "-"], ["work"], ["up"]])
def test_a_missing_contract_says_how_to_get_one(shop, command):
    """The first thing that everybody meets."""
    told = shop.run(*command, "--contract", "nowhere.yaml")

    assert 2 == told.code
    assert (
        "error: The contract nowhere.yaml cannot be read: No such file or directory. "
        "Go to its folder, name its path (--contract, contract=, TRUTHPOINT_CONTRACT), or write "
        "one to start from with `truthpoint init`.\n"
    ) == told.err
    assert not shop.store.exists()


def test_a_contract_that_does_not_load_says_all_its_faults_and_starts_nothing(shop):
    """File, line and column of each; then how many there are."""
    path = _contract(shop, "bad.yaml", b"truthpoint: 1\nshop: x\nsources: 3\nevnts: {}\n")

    told = shop.run("send", "-", "--contract", path, stdin=b"{}\n")

    assert 2 == told.code
    assert f"{path}:3:" in told.err
    assert "evnts" in told.err
    assert "does not load" in told.err
    assert told.err.endswith("Mend the places named above; nothing was started.\n")
    assert not shop.store.exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_contract"),
        (b"\xff\xfe", "not_utf8"),
        (b"a: [", "not_yaml"),
        (b"a: 1\na: 2\n", "duplicate_key"),
        (b"truthpoint: 1\nshop: x\n", "missing_key"),
    ],
)
def test_with_json_the_findings_of_a_contract_are_in_the_error(shop, content, code):
    """One object on standard output; the text for people on standard error beside it."""
    path = _contract(shop, "bad.yaml", content)

    told = shop.run("send", "-", "--json", "--contract", path, stdin=b"{}\n")

    assert 2 == told.code
    assert 1 == len(told.lines)
    assert ("contract_invalid", 2) == (told.error["code"], told.error["exit_code"])
    assert code in {one["code"] for one in told.error["findings"]}
    assert "error: " in told.err


def test_a_folder_or_a_file_without_end_is_no_contract(shop):
    """Neither hangs nor fills the memory."""
    folder = shop.run("send", "-", "--contract", str(shop.folder))
    endless = shop.run("send", "-", "--contract", "/dev/zero")

    assert (2, 2) == (folder.code, endless.code)
    assert "Is a directory" in folder.err
    assert "is larger than 10 MiB" in endless.err


@pytest.mark.parametrize(
    ("store", "code", "says"),
    [
        ("mystore", 2, "of no known kind. Write sqlite:FOLDER, as in sqlite:.truthpoint."),
        ("sqlite:", 2, "of no known kind"),
        ("postgresql://h/d", 2, "not supported by this version. Use sqlite:FOLDER."),
    ],
)
@pytest.mark.parametrize("command", [["status"], ["send", "-"], ["dead", "list"], ["work"]])
def test_a_store_of_another_kind_is_refused_by_every_command(shop, store, code, says, command):
    """The URL says what kind of store it is."""
    told = shop.run(*command, "--store", store, stdin=b"{}\n")

    assert code == told.code
    assert says in told.err


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["person", "1"],
        ["events"],
        *([group, act] for group in ("quarantine", "dead") for act in ("list",)),
        ["dead", "show", "1"],
        ["quarantine", "replay", "--all"],
        ["dead", "discard", "1"],
    ],
)
def test_a_store_that_is_not_there_is_not_made_by_looking(shop, command):
    """A misspelt folder is an error, not an empty store."""
    told = shop.run(*command)

    assert 3 == told.code
    assert (
        f"error: There is no store at {shop.store}. "
        "Send a first record, or name the store's folder with --store.\n"
    ) == told.err
    assert not shop.store.exists()


def test_an_unknown_workspace_names_those_there_are(shop):
    """Production only by name; a misspelt name is refused."""
    told = shop.run("work", "--workspace", "prod")

    assert 2 == told.code
    assert "declares no workspace `prod`. Name one of these with --workspace: local." in told.err


def test_an_unknown_source_names_those_there_are(shop):
    """Nothing is captured under a name that the contract does not know."""
    told = shop.run("send", shop.file("a.ndjson", order("A-1", "1")), "--source", "nope")

    assert 2 == told.code
    assert (
        "declares no source `nope`. "
        "Name one of these, with --source or as source=: backend, legacy." in told.err
    )
    assert not shop.store.exists()


@pytest.mark.parametrize("act", ["replay", "discard"])
@pytest.mark.parametrize("group", ["quarantine", "dead"])
def test_replay_and_discard_want_records_or_all_of_them(shop, group, act):
    """Nothing is guessed where something would be sent."""
    shop.run("send", shop.file("a.ndjson", b"broken", order("A-1", "1")))

    neither = shop.run(group, act)
    both = shop.run(group, act, "1", "--all")
    unknown = shop.run(group, act, "1", "7", "--yes")
    none = shop.run(group, act, "--all")

    assert (2, 2, 2, 0) == (neither.code, both.code, unknown.code, none.code)
    assert "Name the records, as `list` shows them, or give --all." in neither.err
    assert "Record numbers and --all were given together. Name the records" in both.err
    assert ": 1, 7. Nothing was changed; `list` shows which are." in unknown.err
    assert "There is none.\n" == none.out


def test_with_json_an_error_is_one_object(shop):
    """For whoever reads by program: code, message, hint and exit code."""
    told = shop.run("status", "--json")

    assert {
        "error": {
            "code": "store_unusable",
            "message": f"There is no store at {shop.store}.",
            "hint": "Send a first record, or name the store's folder with --store.",
            "exit_code": 3,
        }
    } == told.lines[0]
    assert 3 == told.code
