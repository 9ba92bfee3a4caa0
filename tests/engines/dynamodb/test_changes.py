"""Changes of tables on DynamoDB: what is sent, in which order, and how long is waited."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from moto import mock_aws

from commercive_cli.domain.errors import Invalid, Unavailable
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
from tests.engines.dynamodb.doubles import ManualTime, Reply, refusal, script, serving, store_at, success

STATUS = LEADS.index("LeadStatusIndex")
OTHER = "AffiliateLeadsIndex"


class HastyTime(ManualTime):
    """Passes a thousand times as fast as it is told."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds * 1000)


def described(status: str = "ACTIVE", **indexes: str) -> Reply:
    """Return DescribeTable's reply for the leads, with the states of indexes by name."""
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
    """Each change shows in the description, and its opposite undoes it."""
    seen: list[Any] = [getattr(aws.describe_table(OPS), field)]
    for change in (away, back):
        aws.change_table(OPS, change)
        seen.append(getattr(aws.describe_table(OPS), field))

    assert seen[0] == seen[2]
    assert seen[0] != seen[1]


def test_tags_that_are_not_ours_stay(aws: DynamoDBStore) -> None:
    """Tagging adds to what is there."""
    aws.change_table(OPS, SetTags((("team", "ops"),)))
    info = aws.describe_table(OPS)

    assert info is not None
    assert {"application": "commercive", "team": "ops"} == info.tags


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        (SetBilling("PAY_PER_REQUEST"), {"BillingMode": "PAY_PER_REQUEST"}),
        (SetEncryption("AWS owned key"), {"SSESpecification": {"Enabled": False}}),
        (SetEncryption("KMS"), {"SSESpecification": {"Enabled": True, "SSEType": "KMS"}}),
        (SetDeletionProtection(on=True), {"DeletionProtectionEnabled": True}),
    ],
    ids=str,
)
def test_what_is_sent(change: TableChange, sent: dict[str, Any]) -> None:
    """One thing a request, between two looks that the table is not being changed."""
    with serving(script(described(), success(), described())) as server, closing(store_at(server.url)) as store:
        store.change_table(LEADS, change)

    assert ["DescribeTable", "UpdateTable", "DescribeTable"] == server.operations
    assert sent == {name: value for name, value in server.requests[1].parameters.items() if name != "TableName"}


def test_an_index_is_followed_until_it_can_be_used() -> None:
    """First whatever else is being built is waited for, then the index itself, and each new state is told."""
    time, heard = ManualTime(), list[str]()
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
        store.change_table(LEADS, CreateIndex(STATUS), heard.append)

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
    ] == list(dict.fromkeys(heard))


def test_an_index_that_is_being_built_is_only_waited_for() -> None:
    """Repeated after an interruption, the command goes on waiting and asks for nothing."""
    replies = [described("UPDATING", **{STATUS.name: "CREATING"}), described(**{STATUS.name: "ACTIVE"})]
    with serving(script(*replies)) as server, closing(store_at(server.url)) as store:
        store.change_table(LEADS, CreateIndex(STATUS))

    assert {"DescribeTable"} == set(server.operations)


def test_waiting_can_be_left() -> None:
    """Ctrl-C ends the waiting; the index goes on being built."""

    def leave(_words: str) -> None:
        raise KeyboardInterrupt

    with (
        serving(script(described("UPDATING", **{STATUS.name: "CREATING"}))) as server,
        closing(store_at(server.url)) as store,
        pytest.raises(KeyboardInterrupt),
    ):
        store.change_table(LEADS, CreateIndex(STATUS), leave)

    assert ["DescribeTable"] == server.operations


def test_a_lost_reply_does_not_drop_twice() -> None:
    """The second try finds the table being changed, which is what was asked for."""
    here, gone = described(**{STATUS.name: "ACTIVE"}), described()
    replies = [here, here, None, refusal("ResourceInUseException"), described(**{STATUS.name: "DELETING"}), gone]
    with serving(script(*replies)) as server, closing(store_at(server.url)) as store:
        store.change_table(LEADS, DropIndex(STATUS.name))

    assert 2 == server.operations.count("UpdateTable")


def test_an_index_is_given_up_after_a_day() -> None:
    """Nobody waits for ever; the message says that it may still end well."""
    time = HastyTime()
    with (
        serving(script(described("UPDATING"))) as server,
        closing(store_at(server.url, time)) as store,
        pytest.raises(Unavailable, match="it may still end well"),
    ):
        store.change_table(LEADS, SetBilling("PAY_PER_REQUEST"))

    assert 80_000 < time.seconds < 90_000


def test_what_a_server_lacks_is_refused_in_those_words() -> None:
    """A change that a compatible server has never heard of is not reported as made."""
    replies = [described(), refusal("UnknownOperationException")]
    with (
        serving(script(*replies)) as server,
        closing(store_at(server.url)) as store,
        pytest.raises(Invalid, match="set tags a=b is not supported here"),
    ):
        store.change_table(LEADS, SetTags((("a", "b"),)))
