"""`commercive api`: the commands that print or write what deploying takes."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from commercive_cli.cli.commands.api import read_values
from commercive_cli.domain.errors import Invalid
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


def test_the_package_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    """What was written is said on stderr."""
    ran = run(tmp_path, "api", "package", "out.zip")

    assert (0, "") == (ran.returncode, ran.stdout)
    assert "out.zip" in ran.stderr
    assert "commercive_cli/api/handler.py" in zipfile.ZipFile(tmp_path / "out.zip").namelist()


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


def test_importing_the_commands_loads_no_web_server() -> None:
    """`--help` stays quick."""
    script = "import sys, commercive_cli.cli.commands.api; print('waitress' in sys.modules, 'jwt' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 - ours

    assert "False False" == ran.stdout.strip()
