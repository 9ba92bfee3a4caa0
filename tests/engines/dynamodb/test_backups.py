"""On-demand backups and point-in-time restores of DynamoDB, on moto and against a scripted server."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from moto import mock_aws

from commercive_cli.domain.errors import Conflict, Invalid, NotFound
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.tables.backups import BackupService
from commercive_cli.services.tables.drift import DriftService
from commercive_cli.store.schema import CONVERSATIONS, OPS, TABLES
from commercive_cli.store.table_changes import ignore_status
from tests.engines.dynamodb.doubles import ManualTime, Reply, Request, refusal, serving, store_at, success
from tests.services.raw_data import errors_in, everything

START = 1_763_000_000
"""The earliest time, in seconds, to which the tables of these tests can be restored."""


def _clock() -> int:
    return START * 1000


@pytest.fixture
def aws() -> Iterator[DynamoDBStore]:
    """Yield a store with one conversation in it."""
    with mock_aws(), closing(store_at(None, prefix="shop_")) as store:
        for table in TABLES:
            store.create_table(table)
        ChatService(store, _clock).send("u-1", "Hello", store="shop.example")
        yield store


@pytest.fixture
def backups(aws: DynamoDBStore) -> BackupService:
    return BackupService(aws, clock=_clock, sleep=lambda _: None)


def test_a_backup_holds_all_six_tables(backups: BackupService) -> None:
    """The backups of the six tables have one name, and are listed as one backup."""
    made = backups.back_up().backup

    assert ("shop_20251113T021320Z", True, "AVAILABLE") == (made.name, made.complete, made.status)
    assert tuple(sorted(table.name for table in TABLES)) == made.tables
    assert [made] == backups.list_backups().backups


def test_a_restored_backup_is_as_declared(backups: BackupService, aws: DynamoDBStore) -> None:
    """After a restore items are as they were, dropped settings are back, and audit and `diff` find nothing."""
    held = everything(aws)
    name = backups.back_up("before-the-move").backup.name
    ChatService(aws, _clock).send("u-2", "Later", store="shop.example")
    restored = backups.restore(name, "restored_", "admin-1")
    new = store_at(None, prefix="restored_")

    assert held == everything(new)
    assert ([], [], []) == (errors_in(new), restored.audit.findings, DriftService(new).diff().differences)
    put_back = {(each.table, each.change) for each in restored.applied.changes}
    assert {
        ("restored_ops", "turn on TTL on expires_at"),
        ("restored_ops", "turn on point-in-time recovery"),
        ("restored_ops", "turn on deletion protection"),
        ("restored_ops", "set tags application=commercive"),
    } <= put_back
    assert {"done"} == {each.outcome for each in restored.applied.changes}
    assert restored.store.endswith("prefix restored_")


def test_a_point_in_time_restore_is_as_declared(backups: BackupService, aws: DynamoDBStore) -> None:
    """Point-in-time recovery also ends with protected tables and an audit."""
    restored = backups.restore(None, "latest_", "admin-1", latest=True)

    assert everything(aws) == everything(store_at(None, prefix="latest_"))
    assert ([], []) == (restored.applied.remaining, restored.audit.findings)


def test_deleted_tables_can_be_restored_to_their_own_prefix(backups: BackupService, aws: DynamoDBStore) -> None:
    """Backups of deleted tables can be restored, also under the tables' old names."""
    held = everything(aws)
    name = backups.back_up().backup.name
    for table in TABLES:
        aws.delete_table(table)
    backups.restore(name, "shop_", "admin-1")

    assert held == everything(aws)


def test_a_restore_refuses_to_overwrite(backups: BackupService) -> None:
    """When one of the tables exists, the restore is refused before anything is started."""
    name = backups.back_up().backup.name
    other = store_at(None, prefix="other_")
    other.create_table(OPS)

    with pytest.raises(Conflict, match="shop_conversations exists"):
        backups.restore(name, "shop_", "admin-1")
    with pytest.raises(Conflict, match="other_ops exists"):
        backups.restore(name, "other_", "admin-1")
    assert other.describe_table(CONVERSATIONS) is None


def test_a_name_is_used_once(backups: BackupService) -> None:
    """A second backup with the same name is refused, since nobody could tell which of the two to restore."""
    backups.back_up("mine")

    with pytest.raises(Conflict, match="there is a backup mine already"):
        backups.back_up("mine")


def test_bad_names_are_refused(backups: BackupService) -> None:
    """Malformed names of backups and prefixes are refused; the error for an unknown backup lists existing ones."""
    backups.back_up("mine")

    with pytest.raises(Invalid, match="name of a backup"):
        backups.back_up("a b")
    with pytest.raises(NotFound, match="the newest are mine"):
        backups.restore("yours", "new_", "admin-1")
    with pytest.raises(Invalid, match="prefix in --to"):
        backups.restore("mine", "a/b", "admin-1")


def test_an_incomplete_backup_is_listed_and_not_restored() -> None:
    """A backup of only some of the tables, as after an interruption, cannot be restored."""
    summaries = [summary("conversations", "part"), summary("leads", "part"), summary("ops", "part", "DELETED")]
    with serving(lambda _: success(BackupSummaries=summaries)) as server, closing(shop(server.url)) as store:
        (found,) = store.archive.backups()
        with pytest.raises(Conflict, match=r"incomplete \(2 of 6 tables\)"):
            store.archive.restore("part", "new_", ignore_status)

    assert (False, ("conversations", "leads"), START * 1000) == (found.complete, found.tables, found.created_at)


def test_every_page_of_backups_is_read() -> None:
    """Backups are found on every page of DynamoDB's list, which also has backups of other tables."""

    def answer(request: Request) -> Reply:
        if "ExclusiveStartBackupArn" in request.parameters:
            return success(BackupSummaries=[summary(table.name, "mine") for table in TABLES])
        foreign = summary("ops", "theirs") | {"TableName": "billing"}
        return success(BackupSummaries=[foreign], LastEvaluatedBackupArn="arn:" + "x" * 40)

    with serving(answer) as server, closing(shop(server.url)) as store:
        found = store.archive.backups()

    assert [("mine", True)] == [(each.name, each.complete) for each in found]


def test_a_backup_is_waited_for() -> None:
    """Making a backup waits until the backups of all six tables are available."""
    time, told = ManualTime(), list[str]()
    lists = iter([[], states("CREATING"), states("CREATING"), *[states("AVAILABLE")] * 2])

    def answer(request: Request) -> Reply:
        return success(BackupSummaries=next(lists)) if request.operation == "ListBackups" else success()

    with serving(answer) as server, closing(shop(server.url, time)) as store:
        made = store.archive.back_up("mine", 0, told.append)

    assert (True, 6, 2) == (made.complete, server.operations.count("CreateBackup"), len(time.pauses))
    assert [f"backing up shop_{table.name}" for table in TABLES] == told


def test_a_restore_is_waited_for() -> None:
    """A restore waits until all tables can be used, and passes on how many are ready."""
    told: list[str] = []
    polls: dict[str, int] = {}

    def answer(request: Request) -> Reply:
        if request.operation == "ListBackups":
            return success(BackupSummaries=states("AVAILABLE"))
        if request.operation != "DescribeTable":
            return success()
        name = request.parameters["TableName"]
        polls[name] = polls.get(name, 0) + 1
        busy = name == "new_leads" and polls[name] < 3
        return success(Table={"TableStatus": "ACTIVE", "RestoreSummary": {"RestoreInProgress": busy}})

    with serving(answer) as server, closing(shop(server.url)) as store:
        store.archive.restore("mine", "new_", told.append)

    assert 3 == polls["new_leads"]
    assert "then finish with `commercive tables apply` and `tables audit` on the prefix new_" in told[0]
    assert ["5 of 6 tables are restored", "6 of 6 tables are restored"] == list(dict.fromkeys(told[1:]))


def restorable(start: int = 0, end: int = 1000) -> Callable[[Request], Reply]:
    """Answer for tables that can be restored to START + `start` to START + `end` seconds, the leads from 10 later."""

    def answer(request: Request) -> Reply:
        if request.operation == "DescribeTable":
            return success(Table={"TableStatus": "ACTIVE"})
        if request.operation != "DescribeContinuousBackups":
            return success()
        late = 10 if request.parameters["TableName"] == "shop_leads" else 0
        recovery = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "EarliestRestorableDateTime": START + start + late,
            "LatestRestorableDateTime": START + end,
        }
        return success(
            ContinuousBackupsDescription={
                "ContinuousBackupsStatus": "ENABLED",
                "PointInTimeRecoveryDescription": recovery,
            }
        )

    return answer


@pytest.mark.parametrize(("at", "sent"), [((START + 500) * 1000, START + 500), (None, START + 1000)])
def test_all_tables_are_restored_to_one_second(at: int | None, sent: int) -> None:
    """All tables are restored to the same second: the requested one, or the latest that every table can go back to."""
    with serving(restorable()) as server, closing(shop(server.url)) as store:
        store.recovery.restore_to_time(at, "new_", ignore_status)
    asked = [request.parameters for request in server.requests if request.operation == "RestoreTableToPointInTime"]

    assert {sent} == {each["RestoreDateTime"] for each in asked}
    assert {("shop_" + table.name, "new_" + table.name) for table in TABLES} == {
        (each["SourceTableName"], each["TargetTableName"]) for each in asked
    }


def test_a_time_to_which_a_table_cannot_go_back_is_refused() -> None:
    """The error names a table and the times that it can go back to; nothing is started."""
    with (
        serving(restorable()) as server,
        closing(shop(server.url)) as store,
        pytest.raises(Invalid, match="shop_leads can be restored to 2025-11-13T02:13:30Z to 2025-11-13T02:30:00Z"),
    ):
        store.recovery.restore_to_time((START + 5) * 1000, "new_", ignore_status)

    assert "RestoreTableToPointInTime" not in server.operations


def test_a_restore_without_point_in_time_recovery_is_refused() -> None:
    """When point-in-time recovery is off, the error says how to turn it on."""
    off = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "OFF"}}
    with (
        serving(lambda _: success(ContinuousBackupsDescription=off)) as server,
        closing(shop(server.url)) as store,
        pytest.raises(
            Invalid, match="recovery of shop_conversations is off; turn it on with `commercive tables apply`"
        ),
    ):
        store.recovery.restore_to_time(None, "new_", ignore_status)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("TableAlreadyExistsException", Conflict),
        ("BackupNotFoundException", NotFound),
        ("InvalidRestoreTimeException", Invalid),
    ],
)
def test_refused_restores_quote_dynamodb(code: str, error: type[Exception]) -> None:
    """Each reason of a refused restore has its own type of error, and the message quotes DynamoDB."""

    def answer(request: Request) -> Reply:
        if request.operation == "ListBackups":
            return success(BackupSummaries=states("AVAILABLE"))
        return refusal(code, "no such luck")

    with (
        serving(answer) as server,
        closing(shop(server.url)) as store,
        pytest.raises(error, match="DynamoDB refused RestoreTableFromBackup: no such luck"),
    ):
        store.archive.restore("mine", "new_", ignore_status)


def test_what_holds_earlier_states_is_told() -> None:
    """Backups of both kinds, also DynamoDB's own of a deleted table, and how far recovery goes back."""
    own = summary("ops", "ops$DeletedTableBackup")

    def answer(request: Request) -> Reply:
        if request.operation == "ListBackups":
            mine = [summary(table.name, "mine") for table in TABLES]
            return success(BackupSummaries=[own] if request.parameters.get("BackupType") == "SYSTEM" else mine)
        return restorable()(request)

    with serving(answer) as server, closing(shop(server.url)) as store:
        told = store.archive.retained()

    assert ["backup mine", "DynamoDB's own backup ops$DeletedTableBackup of shop_ops"] == told[:2]
    assert len(TABLES) == len([each for each in told if each.startswith("point-in-time recovery of shop_")])
    assert "point-in-time recovery of shop_leads, from 2025-11-13T02:13:30Z on, for up to 35 days" in told


def test_a_server_without_backups_holds_nothing_earlier(real_endpoint: str) -> None:
    """What it does not know, it does not keep."""
    with closing(store_at(real_endpoint)) as store:
        assert [] == store.archive.retained()


def test_a_server_without_backups_says_so(real_endpoint: str) -> None:
    """On compatible servers, backups and restores are refused as not supported."""
    with closing(store_at(real_endpoint)) as store:
        with pytest.raises(Invalid, match="a backup is not supported here"):
            store.archive.back_up(None, 0, ignore_status)
        with pytest.raises(Invalid, match="a backup is not supported here"):
            store.archive.backups()
        with pytest.raises(Invalid, match="point-in-time recovery is not supported here"):
            store.recovery.restore_to_time(None, "new_", ignore_status)


def shop(endpoint: str, time: ManualTime | None = None) -> DynamoDBStore:
    return store_at(endpoint, time, prefix="shop_")


def states(state: str) -> list[dict[str, object]]:
    return [summary(table.name, "mine", state) for table in TABLES]


def summary(table: str, name: str, state: str = "AVAILABLE") -> dict[str, object]:
    return {
        "TableName": f"shop_{table}",
        "BackupArn": f"arn:aws:dynamodb:eu-west-1:123456789012:table/shop_{table}/backup/{name}",
        "BackupName": name,
        "BackupCreationDateTime": START,
        "BackupStatus": state,
        "BackupSizeBytes": 10,
    }
