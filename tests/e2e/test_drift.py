"""Drift by hand, found and repaired by the program, on a file and on a real server."""

import json
import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.session import Session

from commercive_cli.store.schema import TABLES
from tests.e2e.conftest import Program


def client_at(endpoint: str) -> Any:
    """Return a client of which botocore knows the methods when it is made, and types know nothing."""
    session = Session()
    session.set_credentials("local", "local")
    return session.create_client("dynamodb", "us-east-1", endpoint_url=endpoint)


def by_hand(program: Program) -> None:
    """Drop an index and the time to live as somebody would who does not use this program."""
    url = urlsplit(program.environment["COMMERCIVE_STORE"])
    if url.scheme == "sqlite":
        with closing(sqlite3.connect(url.path)) as file:
            file.execute('DROP INDEX "commercive_leads.LeadStatusIndex"')
            file.execute('DROP INDEX "commercive_ops.expires_at"')
        return
    (prefix,), (endpoint,) = (parse_qs(url.query)[name] for name in ("prefix", "endpoint"))
    with closing(client_at(endpoint)) as client:
        client.update_table(
            TableName=f"{prefix}leads", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "LeadStatusIndex"}}]
        )
        client.update_time_to_live(
            TableName=f"{prefix}ops", TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"}
        )


def states(program: Program) -> set[str]:
    return {table["state"] for table in program("tables", "create", "-o", "json").json["tables"]}


def test_drift_is_found_and_repaired(program: Program) -> None:
    """Diff exits 3 and names both, apply mends both, diff exits 0, and create changes nothing."""
    assert {"created"} == states(program)
    by_hand(program)
    found, applied, after = (
        program("tables", "diff", "-o", "json"),
        program("tables", "apply", "--yes", "-o", "json"),
        program("tables", "diff"),
    )

    assert (3, 0, 0) == (found.code, applied.code, after.code)
    assert ["index LeadStatusIndex", "time to live"] == [each["what"] for each in found.json["differences"]]
    assert ["create index LeadStatusIndex", "turn on TTL on expires_at"] == [
        each["change"] for each in applied.json["changes"]
    ]
    assert [] == applied.json["remaining"]
    assert {"unchanged"} == states(program)
    assert [] == program("tables", "apply", "--yes", "-o", "json").json["changes"]


def test_nothing_is_applied_or_deleted_unasked(program: Program) -> None:
    """Without a terminal, --yes or --confirm: exit 2, and everything is as it was."""
    program("tables", "create", "--seed")
    by_hand(program)
    refused, deleted = program("tables", "apply"), program("tables", "delete")

    assert (2, 2) == (refused.code, deleted.code)
    assert "pass --yes" in refused.err
    assert "pass --confirm PREFIX" in deleted.err
    assert 3 == program("tables", "diff").code
    assert [12] == [
        table["items"]
        for table in program("tables", "describe", "conversations", "-o", "json").json["tables"]
        if table["items"]
    ]


def test_a_server_says_what_it_does_not_support(real: Program) -> None:
    """Lacking protections are named and are no drift; backups and S3 are refused with exit code 2."""
    real("tables", "create")
    diff = real("tables", "diff")
    refusals = [
        real("tables", "backup"),
        real("tables", "backups"),
        real("tables", "restore", "x", "--to", "new_"),
        real("tables", "restore", "--latest", "--to", "new_"),
        real("tables", "export", "--s3", "s3://bucket/daily"),
    ]

    assert (0, True) == (diff.code, "not supported here: point-in-time recovery" in diff.err)
    assert [(2, True)] * 5 == [(ran.code, "not supported here" in ran.err) for ran in refusals]


def test_an_embedded_store_is_backed_up_and_restored(embedded: Program) -> None:
    """The backup is listed, restores to a new file with everything in it, and never over another one."""
    embedded("tables", "create", "--seed")
    (name,) = [each["name"] for each in [embedded("tables", "backup", "-o", "json").json["backup"]]]
    new = embedded.environment["COMMERCIVE_STORE"].removeprefix("sqlite:///").replace("store.db", "new.db")
    restored, again = (embedded("tables", "restore", name, "--to", new) for _ in range(2))
    there = Program(embedded.environment | {"COMMERCIVE_STORE": f"sqlite:///{new}"})

    assert [name] == embedded("tables", "backups", "-o", "ids").out.split()
    assert (0, 6) == (restored.code, again.code)
    assert "0 broken" in restored.err
    assert embedded("leads", "list", "-o", "json").out == there("leads", "list", "-o", "json").out


def test_the_template_needs_no_store(embedded: Program) -> None:
    """It is printed from the declaration alone."""
    document = json.loads(embedded("tables", "template").out)

    assert [f"commercive_v2_{table.name}" for table in TABLES] == [
        each["Properties"]["TableName"] for each in document["Resources"].values()
    ]
