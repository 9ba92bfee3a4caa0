"""Changes of tables on DynamoDB: which requests are sent, in which order, and how long to wait."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from moto import mock_aws

from commercive_cli.domain.errors import Conflict, Invalid, Unavailable
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.schema import LEADS, OPS
from commercive_cli.store.table_changes import (
    CreateIndex,
    DropIndex,
    SetBilling,
    SetDeletionProtection,
    SetEncryption,
    SetRecovery,
    SetTags,
    SetTTL,
    TableChange,
)
from tests.engines.dynamodb.doubles import ManualTime, Reply, Request, refusal, script, serving, store_at, success

STATUS = LEADS.index("LeadStatusIndex")
OTHER = "AffiliateLeadsIndex"
ON_DEMAND = {"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}
WITH_KEY = {"SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": "arn:aws:kms:x"}}


class HastyTime(ManualTime):
    """A clock on which each pause takes a thousand times as long."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds * 1000)


def described(status: str = "ACTIVE", **indexes: str) -> Reply:
    """Return the reply to DescribeTable for the leads, with the states of indexes by name."""
    return success(
        Table={
            "TableName": "t_leads",
            "TableStatus": status,
            "TableArn": "arn:aws:dynamodb:eu-west-1:1:table/t_leads",
            "AttributeDefinitions": [{"AttributeName": "lead_id", "AttributeType": "S"}],
            "GlobalSecondaryIndexes": [
                {"IndexName": name, "IndexStatus": state, "Backfilling": state == "CREATING"}
                for name, state in indexes.items()
            ],
        }
    )


def shown(**live: Any) -> Reply:
    """Return the reply to DescribeTable for the leads with these settings."""
    return success(Table=json.loads(described().body)["Table"] | live)


@pytest.fixture
def aws() -> Iterator[DynamoDBStore]:
    with mock_aws(), closing(store_at(None, prefix="shop_")) as store:
        store.create_table(LEADS)
        store.create_table(OPS)
        yield store


@pytest.mark.parametrize(
    ("away", "back", "field"),
    [
        (SetRecovery(on=False), SetRecovery(on=True), "point_in_time_recovery"),
        (SetDeletionProtection(on=False), SetDeletionProtection(on=True), "deletion_protection"),
        (SetTTL(None), SetTTL("expires_at"), "ttl"),
        (SetTags((("application", "shop"),)), SetTags((("application", "commercive"),)), "tags"),
    ],
    ids=lambda value: str(value),
)
def test_protections_are_taken_away_and_put_back(
    aws: DynamoDBStore, away: TableChange, back: TableChange, field: str
) -> None:
    """The description shows each change, and the opposite change undoes it."""
    values: list[Any] = [getattr(aws.describe_table(OPS), field)]
    for change in (away, back):
        aws.change_table(OPS, change)
        values.append(getattr(aws.describe_table(OPS), field))

    assert values[0] == values[2]
    assert values[0] != values[1]


def test_other_tags_stay(aws: DynamoDBStore) -> None:
    """Setting tags leaves a table's other tags as they are."""
    aws.change_table(OPS, SetTags((("team", "ops"),)))
    info = aws.describe_table(OPS)

    assert info is not None
    assert {"application": "commercive", "team": "ops"} == info.tags


@pytest.mark.parametrize(
    ("change", "sent", "before", "after"),
    [
        (SetBilling("PAY_PER_REQUEST"), {"BillingMode": "PAY_PER_REQUEST"}, {}, ON_DEMAND),
        (SetEncryption("AWS owned key"), {"SSESpecification": {"Enabled": False}}, WITH_KEY, {}),
        (SetEncryption("KMS"), {"SSESpecification": {"Enabled": True, "SSEType": "KMS"}}, {}, WITH_KEY),
        (
            SetDeletionProtection(on=True),
            {"DeletionProtectionEnabled": True},
            {"DeletionProtectionEnabled": False},
            {"DeletionProtectionEnabled": True},
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("late", [0, 3])
def test_a_change_is_one_request(
    change: TableChange, sent: dict[str, Any], before: dict[str, Any], after: dict[str, Any], late: int
) -> None:
    """It is sent after a check that the table can be changed; then it is waited for, also where it shows late."""
    stale = shown(**before)
    replies = [stale, success(), *[stale] * late, shown(**after)]
    with serving(script(*replies)) as server, closing(store_at(server.url)) as store:
        store.change_table(LEADS, change)

    assert ["DescribeTable", "UpdateTable", *["DescribeTable"] * (late + 1)] == server.operations
    assert sent == {name: value for name, value in server.requests[1].parameters.items() if name != "TableName"}


def test_a_table_that_changes_for_long_is_waited_for() -> None:
    """What DynamoDB needs minutes for is not given up because it does not show after half of one."""
    time = ManualTime()
    stale, changing = described(), [described("UPDATING")] * 100
    replies = [stale, success(), stale, *changing, shown(**ON_DEMAND)]
    with serving(script(*replies)) as server, closing(store_at(server.url, time)) as store:
        store.change_table(LEADS, SetBilling("PAY_PER_REQUEST"))

    assert len(replies) == len(server.requests)
    assert time.seconds > 60


def test_a_change_that_never_shows_is_given_up_after_half_a_minute() -> None:
    """It was accepted: that is no error, and it is sent once."""
    time = ManualTime()
    with serving(script(described(), success(), described())) as server, closing(store_at(server.url, time)) as store:
        store.change_table(LEADS, SetBilling("PAY_PER_REQUEST"))

    assert 1 == server.operations.count("UpdateTable")
    assert 25 < time.seconds <= 31


def test_an_earlier_change_that_does_not_show_is_waited_for() -> None:
    """DescribeTable shows the state of before, so the next change is refused for a while: that is no failure."""
    busy = refusal("ResourceInUseException", "Attempt to change a resource which is still in use")
    replies = [described(), busy, described(), busy, described(), success(), shown(**ON_DEMAND)]
    with serving(script(*replies)) as server, closing(store_at(server.url)) as store:
        store.change_table(LEADS, SetBilling("PAY_PER_REQUEST"))

    assert 3 == server.operations.count("UpdateTable")


def test_a_table_that_stays_in_use_is_told() -> None:
    """After half a minute somebody else is changing it, and that is a conflict."""
    time, busy = ManualTime(), refusal("ResourceInUseException", "in use")

    def answer(request: Request) -> Reply:
        return busy if request.operation == "UpdateTable" else described()

    with (
        serving(answer) as server,
        closing(store_at(server.url, time)) as store,
        pytest.raises(Conflict, match="is being changed"),
    ):
        store.change_table(LEADS, SetBilling("PAY_PER_REQUEST"))

    assert 25 < time.seconds <= 31


def test_a_new_index_is_waited_for() -> None:
    """The call waits for other indexes first, then for the new one, and passes each state to `on_status`."""
    time, states = ManualTime(), list[str]()
    building = described("UPDATING", **{OTHER: "ACTIVE", STATUS.name: "CREATING"})
    ready = described(**{OTHER: "ACTIVE", STATUS.name: "ACTIVE"})
    replies = [
        described("UPDATING", **{OTHER: "DELETING"}),
        described(**{OTHER: "ACTIVE"}),
        described(**{OTHER: "ACTIVE"}),
        success(),
        *[building] * 200,
        ready,
    ]
    with serving(script(*replies)) as server, closing(store_at(server.url, time)) as store:
        store.change_table(LEADS, CreateIndex(STATUS), states.append)

    (sent,) = [request.parameters for request in server.requests if request.operation == "UpdateTable"]
    assert [{"Create": {"IndexName": STATUS.name}}] == [
        {"Create": {"IndexName": each["Create"]["IndexName"]}} for each in sent["GlobalSecondaryIndexUpdates"]
    ]
    assert {"lead_id", "created_at", "status"} == {each["AttributeName"] for each in sent["AttributeDefinitions"]}
    assert time.seconds > 120
    assert [
        f"t_leads UPDATING, index {OTHER} DELETING",
        "t_leads ACTIVE",
        f"t_leads UPDATING, index {STATUS.name} BACKFILLING",
    ] == list(dict.fromkeys(states))


def test_an_index_that_is_being_built_is_only_waited_for() -> None:
    """Repeated after an interruption, the call only waits and does not create the index again."""
    replies = [described("UPDATING", **{STATUS.name: "CREATING"}), described(**{STATUS.name: "ACTIVE"})]
    with serving(script(*replies)) as server, closing(store_at(server.url)) as store:
        store.change_table(LEADS, CreateIndex(STATUS))

    assert {"DescribeTable"} == set(server.operations)


def test_waiting_can_be_interrupted() -> None:
    """Ctrl-C ends the waiting; DynamoDB goes on building the index."""

    def interrupt(_state: str) -> None:
        raise KeyboardInterrupt

    with (
        serving(script(described("UPDATING", **{STATUS.name: "CREATING"}))) as server,
        closing(store_at(server.url)) as store,
        pytest.raises(KeyboardInterrupt),
    ):
        store.change_table(LEADS, CreateIndex(STATUS), interrupt)

    assert ["DescribeTable"] == server.operations


def test_a_lost_reply_does_not_drop_twice() -> None:
    """After a lost reply, the second try finds that the table is being changed, and the call succeeds."""
    here, gone = described(**{STATUS.name: "ACTIVE"}), described()
    replies = [here, here, None, refusal("ResourceInUseException"), described(**{STATUS.name: "DELETING"}), gone]
    with serving(script(*replies)) as server, closing(store_at(server.url)) as store:
        store.change_table(LEADS, DropIndex(STATUS.name))

    assert 2 == server.operations.count("UpdateTable")


def test_a_change_is_waited_for_at_most_a_day() -> None:
    """After a day the call raises Unavailable, which says that the change may still succeed."""
    time = HastyTime()
    with (
        serving(script(described("UPDATING"))) as server,
        closing(store_at(server.url, time)) as store,
        pytest.raises(Unavailable, match="it may still succeed"),
    ):
        store.change_table(LEADS, SetBilling("PAY_PER_REQUEST"))

    assert 80_000 < time.seconds < 90_000


def test_a_change_that_the_server_does_not_support_is_refused() -> None:
    """A change that a compatible server does not know is an error that says so."""
    replies = [described(), refusal("UnknownOperationException")]
    with (
        serving(script(*replies)) as server,
        closing(store_at(server.url)) as store,
        pytest.raises(Invalid, match="set tags a=b is not supported here"),
    ):
        store.change_table(LEADS, SetTags((("a", "b"),)))


def test_a_reply_without_a_body_is_a_reply() -> None:
    """AWS answers TagResource with status 200 and nothing else: the tags are set, and once is enough."""
    done = Reply(b"", headers={"x-amzn-RequestId": "1"})
    tags = success(Tags=[{"Key": "team", "Value": "support"}])
    with serving(script(described(), done, tags)) as server, closing(store_at(server.url)) as store:
        store.change_table(LEADS, SetTags((("team", "support"),)), lambda _: None)

    assert ["DescribeTable", "TagResource", "ListTagsOfResource"] == server.operations


def test_whoever_may_not_read_tags_can_set_them() -> None:
    """What nobody tells does not make a failure of a change that was accepted."""
    denied = refusal("AccessDeniedException", "not you")
    replies = [described(), Reply(b"", headers={"x-amzn-RequestId": "1"}), denied]
    with serving(script(*replies)) as server, closing(store_at(server.url)) as store:
        store.change_table(LEADS, SetTags((("team", "support"),)))

    assert 1 == server.operations.count("TagResource")


def test_nothing_from_a_proxy_is_no_reply() -> None:
    """Without DynamoDB's own header an empty answer may be anybody's: it is tried again, and then said."""
    with serving(script(described(), Reply(b""))) as server:
        store = store_at(server.url)
        with closing(store), pytest.raises(Unavailable, match="the reply is not DynamoDB's; outcome unknown"):
            store.change_table(LEADS, SetTags((("team", "support"),)), lambda _: None)

    assert server.operations.count("TagResource") > 1


def test_tags_that_never_end_are_given_up() -> None:
    """A server that gives the same token again and again is an error after two pages of tags."""
    again = success(Tags=[], NextToken="more")
    answers = {"DescribeTable": described(), "ListTagsOfResource": again}
    with (
        serving(lambda asked: answers.get(asked.operation, success())) as server,
        closing(store_at(server.url)) as store,
        pytest.raises(Unavailable, match="never end"),
    ):
        store.describe_table(LEADS)

    assert 2 == server.operations.count("ListTagsOfResource")


def test_backups_that_never_end_are_given_up() -> None:
    """Likewise the list of backups."""
    again = success(BackupSummaries=[], LastEvaluatedBackupArn="more")
    with serving(script(again)) as server:
        store = store_at(server.url)
        with closing(store), pytest.raises(Unavailable, match="never end"):
            store.archive.backups()

    assert 2 == server.operations.count("ListBackups")
