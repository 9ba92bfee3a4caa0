"""The policy for operators allows what the commands ask of DynamoDB, and nothing that none of them asks."""

from uuid import uuid4

import pytest

from commercive_cli.cli.app import command
from commercive_cli.cli.commands_document import commands_document
from tests.e2e.operators_calls import (
    WITH_COPIES,
    WITHOUT_STORE,
    calls_of_copies,
    calls_of_tables,
    policy_of_operators,
    refused,
)
from tests.policies import Call


@pytest.fixture(scope="module")
def prefix() -> str:
    return f"policy-{uuid4().hex[:8]}_"


@pytest.fixture(scope="module")
def calls(real_endpoint: str, prefix: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[Call]]:
    """Return what each command of tables asks."""
    return calls_of_tables(real_endpoint, prefix, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def copies(prefix: str) -> set[Call]:
    """Return what backups, restores, exports to S3 and imports from there ask."""
    return calls_of_copies(prefix)


def test_every_command_of_tables_is_recorded(calls: dict[str, set[Call]]) -> None:
    """A new one needs a line here, so that what it asks is held to the policy."""
    known = {each.command for each in commands_document(command()).commands}

    assert {f"tables {name}" for name in {*calls, *WITH_COPIES, *WITHOUT_STORE}} == {
        name for name in known if name.startswith("tables ")
    }


def test_operators_may_do_what_their_commands_do(calls: dict[str, set[Call]], copies: set[Call], prefix: str) -> None:
    """With nothing else attached, also on tables that they restore to a prefix that begins with the stack's."""
    policy = policy_of_operators(prefix)

    assert {} == {name: each for name, made in calls.items() if (each := refused(policy, made))}
    assert [] == refused(policy, copies)


def test_operators_may_do_nothing_else(calls: dict[str, set[Call]], copies: set[Call], prefix: str) -> None:
    """Each right is one that some command uses."""
    policy = policy_of_operators(prefix)
    refused(policy, copies.union(*calls.values()))

    assert set() == policy.grants() - policy.used
