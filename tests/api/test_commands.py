"""`commercive api`: the commands that print or write what deploying takes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from commercive_cli.api.http.errors import BUG as STATUS_OF_BUG
from commercive_cli.api.http.errors import STATUSES
from commercive_cli.bootstrap import bootstrap
from commercive_cli.cli.commands.api import exit_code_of, read_values
from commercive_cli.cli.errors import BUG
from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.resolve import Settings
from commercive_cli.settings.store_url import StoreURL
from tests.api.http.test_serve import command, environment


def run(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own program
        command(*arguments),
        env=environment("dynamodb://eu-west-1?prefix=staging_"),
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
    )


def test_the_document_and_the_stack_are_json_on_stdout(tmp_path: Path) -> None:
    """Without a store or credentials; table names start with the configured prefix."""
    document, stack = (run(tmp_path, "api", name) for name in ("openapi", "template"))

    assert "3.1.0" == json.loads(document.stdout)["openapi"]
    tables = json.loads(stack.stdout)["Resources"]
    assert "staging_leads" == tables["LeadsTable"]["Properties"]["TableName"]
    assert ("", "") == (document.stderr, stack.stderr)


def test_a_template_is_not_checked_against_a_file(tmp_path: Path) -> None:
    """The tables of a stack are on DynamoDB: exit code 2, and nothing on stdout."""
    ran = run(tmp_path, "--store", "sqlite:///x.db", "api", "template", "--check")

    assert (2, "") == (ran.returncode, ran.stdout)
    assert "--store dynamodb://" in ran.stderr


class TestValues:
    def test_keys_open_objects_and_values_are_text_unless_they_say_json(self) -> None:
        """As httpie writes them."""
        values = read_values(["a=1", "b:=1.5", "c.d=x=y", "c.e:=[true]", "f="])

        assert {"a": "1", "b": 1.5, "c": {"d": "x=y", "e": [True]}, "f": ""} == values

    @pytest.mark.parametrize("pairs", [["a"], ["=1"], [":=1"], ["a:=nope"], ["a=1", "a.b=2"]])
    def test_what_is_no_pair_is_refused(self, pairs: list[str]) -> None:
        """Exit code 2, naming the argument."""
        with pytest.raises(Invalid):
            read_values(pairs)


def test_every_code_of_the_api_has_an_exit_code() -> None:
    """Every error code of the API has an exit code other than that of a bug, but for bugs."""
    refusals = [error.code for error, status in STATUSES.items() if status != STATUS_OF_BUG]

    assert [] == [code for code in refusals if exit_code_of(code) == BUG]
    assert (0, BUG) == (exit_code_of(None), exit_code_of("internal"))


def test_importing_the_commands_loads_no_web_server() -> None:
    """`--help` loads none of the API's libraries."""
    script = "import sys, commercive_cli.cli.commands.api; print('h11' in sys.modules, 'jwt' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 - ours

    assert "False False" == ran.stdout.strip()


def test_a_parameter_that_an_action_does_not_take_is_named(tmp_path: Path) -> None:
    """A mistyped one changes nothing silently; every name that the action knows passes."""
    call = ("--store", "sqlite:///x.db", "api", "call")
    known = run(tmp_path, *call, "admin/approve-lead", "lead_id=x", "status=reject", "notes=x")
    typo = run(tmp_path, *call, "admin/leads", "stauts=open", "action=x")

    assert "takes no" not in known.stderr
    assert "admin/leads takes no action, stauts, which is ignored" in typo.stderr


def test_a_long_answer_is_printed_as_it_is(tmp_path: Path) -> None:
    """One that Lambda would carry in base64 only."""
    path = tmp_path / "x.db"
    services = bootstrap(Settings(store=StoreURL("sqlite", path=path), actor="test"))
    services.tables.create()
    sent = services.chat.send("user-a", "\u0436" * 10_000)
    for _ in range(109):
        services.chat.send("user-a", "\u0436" * 10_000, conversation_id=sent.conversation_id)
    services.store.close()

    call = ("--store", f"sqlite://{path}", "api", "call", "chat/messages", f"conversation_id={sent.conversation_id}")
    ran = run(tmp_path, *call)

    assert 0 == ran.returncode, ran.stderr
    assert ["\u0436" * 10_000] * 110 == [message["message_text"] for message in json.loads(ran.stdout)["messages"]]
