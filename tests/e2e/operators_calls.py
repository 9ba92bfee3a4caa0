"""What the command line asks of DynamoDB, recorded between it and the real server.

The server of the tests keeps no backups and knows no S3: these two are recorded on moto, by the services alone.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from moto import mock_aws

from commercive_cli.api.deploy.stack import api_stack
from commercive_cli.services.tables.backups import BackupService
from commercive_cli.services.tables.s3 import S3Service
from commercive_cli.store.schema import CONVERSATIONS, TABLES
from commercive_cli.store.table_changes import DropIndex
from tests.api.deploy.evaluation import deployed
from tests.api.world import services_over
from tests.e2e.conftest import Program, bare_environment
from tests.engines.dynamodb.doubles import on_sent, serving, session_with_credentials, store_at
from tests.engines.dynamodb.recorder import Recorder
from tests.engines.dynamodb.test_s3 import BUCKET, ImportsDone, finish, s3_client
from tests.policies import Call, Policy
from tests.services.adopt.old_backend import old_backend

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
WITH_COPIES = {"backup", "backups", "restore"}
"""Commands of tables that are recorded on moto."""

WITHOUT_STORE = {"template"}


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


def calls_of_tables(endpoint: str, prefix: str, home: Path) -> dict[str, set[Call]]:
    """Return what each command of tables asks."""
    found: dict[str, set[Call]] = {}
    recorder = Recorder(endpoint)
    with serving(recorder) as relay:
        program = program_at(relay.url, prefix, home)

        def run(line: str) -> None:
            recorder.taken()
            ran = program("tables", *line.split())
            assert ran.code in (0, 3, 7), (line, ran.err)  # done, or done in part
            found[line.split()[0]] = recorder.taken()

        run("create --seed --yes")
        with closing(store_at(endpoint, prefix=prefix)) as store:
            store.change_table(CONVERSATIONS, DropIndex("ConversationStatusIndex"))
        run("apply --yes")
        lead, person = (program(kind, "list", "-o", "ids").out.split()[0] for kind in ("leads", "affiliates"))
        for line in lines(home, lead, person, prefix):
            run(line)
    return found


def program_at(url: str, prefix: str, home: Path) -> Program:
    """Return the program on tables of a server."""
    store = f"dynamodb://eu-west-1?prefix={prefix}&endpoint={url}"
    return Program(bare_environment(home) | CREDENTIALS | {"COMMERCIVE_STORE": store})


def calls_of_copies(prefix: str) -> set[Call]:
    """Return what backups, restores, exports to S3 and imports from there ask."""
    recorder = Recorder("")
    with mock_aws(), closing(s3_client()) as s3:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        session = session_with_credentials()
        on_sent(session, recorder.note)
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
    return recorder.taken()


def policy_of_operators(prefix: str) -> Policy:
    policy = deployed(api_stack(prefix)).resources["OperatorsPolicy"]["Properties"]["PolicyDocument"]
    return Policy(policy["Statement"])


def refused(policy: Policy, made: set[Call]) -> list[Call]:
    return [call for call in made if not policy.allows(call)]
