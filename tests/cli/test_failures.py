"""Failures in the format that was asked for, and words of other tools."""

import json

import pytest

from tests.cli.conftest import Run
from tests.cli.hidden import hidden_in


@pytest.mark.parametrize("output", [["-o", "json"], ["--json"], ["-ojsonl"]])
@pytest.mark.parametrize(
    ("line", "code", "kind", "field"),
    [
        ("chat show nope", 5, "not_found", None),
        ("chat list --limit 0", 2, "invalid_input", "limit"),
        ("chat list --nope", 2, "invalid_input", None),
        ("leads approve x --commission nan", 2, "invalid_input", "--commission"),
    ],
)
def test_a_failure_is_the_api_s_document(
    store: Run, output: list[str], line: str, code: int, kind: str, field: str | None
) -> None:
    """With -o json or jsonl stdout has one document, stderr the same in one line, and the exit code is as ever."""
    ran = store(*line.split(), *output)
    document = json.loads(ran.out)

    assert (code, 1) == (ran.code, ran.out.count("\n"))
    assert (False, kind, field) == (document["success"], document["code"], document["field"])
    assert ran.err == f"commercive: {document['error']}\n"


def test_the_document_is_as_harmless_as_the_line(store: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows no secret of this run, and no hidden character."""
    monkeypatch.setenv("COMMERCIVE_ANSWER_TOKEN", "a-token-of-this-run")
    ran = store("chat", "show", "a-token-of-this-run\x1b\u202e", "-o", "json")

    assert set() == hidden_in(ran.out + ran.err)
    assert "there is no conversation (secret)\x1b\u202e" == ran.json["error"]
    assert ran.err == "commercive: there is no conversation (secret)\\x1b\\u202e\n"


@pytest.mark.parametrize(("alias", "name"), [("ls", "list"), ("view", "show")])
def test_other_tools_words_are_taken(store: Run, alias: str, name: str) -> None:
    """`ls` and `view` do what `list` and `show` do, and stand in no help."""
    assert store("chat", name, "--help").out.partition("\n")[2] == store("chat", alias, "--help").out.partition("\n")[2]
    assert f"  {alias} " not in store("chat", "--help").out


def test_every_command_is_described(store: Run) -> None:
    """`commands -o json` names each command with its parameters, the global options, and each exit code."""
    answer = store("commands", "--json").json
    listing = next(each for each in answer["commands"] if each["command"] == "chat list")
    status = next(each for each in listing["parameters"] if each["name"] == "--status")

    assert ("choice", ["open", "closed", "all"], False) == (status["type"], status["choices"], status["required"])
    assert "--store" in [each["name"] for each in answer["global_options"]]
    assert {"0", "2", "7", "74", "75", "78", "130"} <= set(answer["exit_codes"])


def test_help_names_no_types_of_python(store: Run) -> None:
    """Help says what a value is for; the options of all commands stand below."""
    help_text = store("chat", "show", "--help").out

    assert "<str>" not in help_text
    assert "[1 or more]" in help_text
    assert "--profile, --store" in help_text


def test_a_variable_that_names_nobody_is_told_by_its_name(store: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever acts has an id of at most 128 characters; what is only read needs none."""
    monkeypatch.setenv("COMMERCIVE_ACTOR", "a" * 129)

    assert 0 == store("chat", "list").code
    ran = store("leads", "approve", "x", "--commission", "5", "--yes")
    assert (78, "") == (ran.code, ran.out)
    assert "COMMERCIVE_ACTOR: actor has 129 characters; the limit is 128" in ran.err
