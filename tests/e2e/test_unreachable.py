"""When the store cannot be used, one line says why and what to do, soon."""

from pathlib import Path

from tests.conftest import held_port
from tests.e2e.conftest import Program, bare_environment

LOCAL = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


def test_without_credentials_it_says_where_to_put_them(tmp_path: Path) -> None:
    """No credentials: exit code 4 and one line that names the ways to give them."""
    program = Program(bare_environment(tmp_path) | {"COMMERCIVE_STORE": "dynamodb://eu-west-1"})
    ran = program("chat", "list")

    assert (4, "") == (ran.code, ran.out)
    assert 1 == ran.err.count("\n")
    assert "credentials" in ran.err


def test_an_endpoint_nobody_serves_is_named(tmp_path: Path) -> None:
    """An unreachable endpoint: exit code 75 and one line that names it."""
    with held_port() as port:
        endpoint = f"http://127.0.0.1:{port}"
        store = {"COMMERCIVE_STORE": f"dynamodb://eu-west-1?endpoint={endpoint}"}
        ran = Program(bare_environment(tmp_path) | LOCAL | store)("chat", "list")

    assert (75, "") == (ran.code, ran.out)
    assert 1 == ran.err.count("\n")
    assert endpoint in ran.err


def test_a_wrong_region_is_named(tmp_path: Path) -> None:
    """A region that does not exist: exit code 78 and one line that names it."""
    store = {"COMMERCIVE_STORE": "dynamodb://eu-wets-1"}
    ran = Program(bare_environment(tmp_path) | LOCAL | store)("chat", "list")

    assert (78, "") == (ran.code, ran.out)
    assert 1 == ran.err.count("\n")
    assert "eu-wets-1" in ran.err


def test_missing_tables_name_the_command_that_makes_them(program: Program) -> None:
    """A missing table: exit code 78 and one line with the command that creates it."""
    ran = program("chat", "list")

    assert (78, "") == (ran.code, ran.out)
    assert 1 == ran.err.count("\n")
    assert "commercive tables create" in ran.err
