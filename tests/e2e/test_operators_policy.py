"""The policy for operators allows what the commands ask of DynamoDB, and nothing that none of them asks.

The server of the tests keeps no backups and knows no S3: these two are recorded on moto, by the services alone.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from moto import mock_aws

from commercive_cli.api.deploy.stack import api_stack
from commercive_cli.cli.app import command
from commercive_cli.cli.commands_document import commands_document
from commercive_cli.services.tables.backups import BackupService
from commercive_cli.services.tables.s3 import S3Service
from commercive_cli.store.schema import CONVERSATIONS, TABLES
from commercive_cli.store.table_changes import DropIndex
from tests.api.deploy.evaluation import deployed
from tests.api.world import services_over
from tests.e2e.conftest import Program, bare_environment
from tests.engines.dynamodb.doubles import carried, on_sent, serving, session_with_credentials, store_at
from tests.engines.dynamodb.test_s3 import BUCKET, ImportsDone, finish, s3_client
from tests.policies import Call, Policy, calls_of
from tests.services.adopt.old_backend import old_backend

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
WITH_COPIES = {"backup", "backups", "restore"}
"""Commands of tables that are recorded on moto."""

WITHOUT_STORE = {"template"}


@dataclass
class Recorder:
    """Carries every request to the real server, and remembers what AWS would decide about."""

    endpoint: str
    calls: set[Call]

    def __call__(self, request: Any) -> Any:
        self.calls.update(calls_of(request.operation, request.parameters))
        return carried(self.endpoint, request)


def lines(home: Path, lead: str, person: str, prefix: str) -> Iterator[str]:
    """Yield a line of every command of tables, in an order in which each finds what it needs."""
    yield "list"
    yield "describe --sample 5"
    yield "seed --messages 20 --affiliates 1 --leads 2 --yes"
    yield "diff"
    yield f"export {home}/exported"
    yield f"import {home}/exported --yes"
    yield "audit --fix --yes"
    yield f"mend leads {lead} --set lead_name=Ann --yes"
    yield f"person {person} --erase --yes"
    yield f"archive {home}/archived --older-than 1d --yes"
    yield "retention"
    yield f"adopt {old_backend(2).export(home / 'old')} --yes"
    yield f"delete --confirm {prefix}"


@pytest.fixture(scope="module")
def prefix() -> str:
    return f"policy-{uuid4().hex[:8]}_"


@pytest.fixture(scope="module")
def calls(real_endpoint: str, prefix: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[Call]]:
    """Return what each command of tables asks."""
    home, found = tmp_path_factory.mktemp("home"), dict[str, set[Call]]()
    recorder = Recorder(real_endpoint, set())
    with serving(recorder) as server:
        url = f"dynamodb://eu-west-1?prefix={prefix}&endpoint={server.url}"
        program = Program(bare_environment(home) | CREDENTIALS | {"COMMERCIVE_STORE": url})

        def run(line: str) -> None:
            recorder.calls = found[line.split()[0]] = set()
            ran = program("tables", *line.split())
            assert ran.code in (0, 3, 7), (line, ran.err)  # done, or done in part

        run("create --seed --yes")
        with closing(store_at(real_endpoint, prefix=prefix)) as store:
            store.change_table(CONVERSATIONS, DropIndex("ConversationStatusIndex"))
        run("apply --yes")
        lead, person = (program(kind, "list", "-o", "ids").out.split()[0] for kind in ("leads", "affiliates"))
        for line in lines(home, lead, person, prefix):
            run(line)
    return found


@pytest.fixture(scope="module")
def copies(prefix: str) -> set[Call]:
    """Return what backups, restores, exports to S3 and imports from there ask."""
    found: set[Call] = set()

    with mock_aws(), closing(s3_client()) as s3:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        session = session_with_credentials()
        on_sent(session, lambda operation, parameters: found.update(calls_of(operation, parameters)))
        with closing(store_at(None, ImportsDone(), prefix=prefix, session=session)) as store:
            for table in TABLES:
                store.create_table(table)
            services = services_over(store)
            services.chat.send("u-1", "Hello", store="shop.example")
            code = services.affiliates.create_link("aff-1", "aff@example.com", "shop.example").link_id
            services.leads.submit(code, {"name": "Ann", "email": "ann@example.com"})
            backups = BackupService(store, sleep=lambda _: None)
            name = backups.back_up().backup.name
            backups.list_backups()
            backups.restore(name, f"{prefix}restored_", "admin-1")
            backups.restore(None, f"{prefix}latest_", "admin-1", latest=True)
            S3Service(store).export_tables(f"s3://{BUCKET}/daily")
            finish(s3, "daily/")
        with closing(store_at(None, ImportsDone(), prefix=f"{prefix}other_", session=session)) as other:
            S3Service(other, sleep=lambda _: None).import_tables(f"s3://{BUCKET}/daily", "admin-1")
    return found


def policy_of_operators(prefix: str) -> Policy:
    policy = deployed(api_stack(prefix)).resources["OperatorsPolicy"]["Properties"]["PolicyDocument"]
    return Policy(policy["Statement"])


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


def refused(policy: Policy, made: set[Call]) -> list[Call]:
    return [call for call in made if not policy.allows(call)]
