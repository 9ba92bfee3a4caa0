"""Table administration on DynamoDB: tables are created as declared, protected, described and deleted."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from commercive_cli.domain.errors import Conflict, Unavailable
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.schema import AFFILIATE_STATS, CONVERSATIONS, LEADS, OPS, TABLES
from tests.engines.dynamodb.doubles import ManualTime, refusal, script, serving, store_at, success

ACTIVE = success(Table={"TableStatus": "ACTIVE"})
CREATING = success(Table={"TableStatus": "CREATING"})
INDEXING = success(Table={"TableStatus": "ACTIVE", "GlobalSecondaryIndexes": [{"IndexStatus": "CREATING"}]})


@pytest.fixture
def aws() -> Iterator[DynamoDBStore]:
    """Yield a store on moto, which supports the protections that compatible servers lack."""
    with mock_aws():
        store = store_at(None, prefix="shop_")
        yield store
        store.close()


def test_a_created_table_is_described_as_declared(aws: DynamoDBStore) -> None:
    """Keys, indexes and on-demand billing are as in the seed document; deletion protection and recovery are on."""
    aws.create_table(CONVERSATIONS)
    info = aws.describe_table(CONVERSATIONS)

    assert info is not None
    assert ("shop_conversations", "ACTIVE", 0, "PAY_PER_REQUEST") == (info.name, info.status, info.items, info.billing)
    assert (("conversation_id", "S"), ("created_at", "N")) == info.keys
    assert {
        "UserConversationsIndex": (("user_id", "S"), ("updated_at", "N")),
        "ConversationStatusIndex": (("status", "S"), ("updated_at", "N")),
        "ConversationWaitingIndex": (("waiting_for", "S"), ("waiting_since", "N")),
    } == info.indexes
    assert "KEYS_ONLY" == info.projections["ConversationWaitingIndex"]
    assert (True, True, None) == (info.deletion_protection, info.point_in_time_recovery, info.ttl)
    assert "AWS owned key" == info.encryption
    assert () == aws.unsupported()


def test_time_to_live_is_turned_on_where_declared(aws: DynamoDBStore) -> None:
    """Items of `ops`, such as counters and request keys, expire by their attribute `expires_at`."""
    aws.create_table(OPS)
    info = aws.describe_table(OPS)

    assert info is not None
    assert "expires_at" == info.ttl


def test_all_six_tables_can_be_created_and_deleted(aws: DynamoDBStore) -> None:
    """Deleting a table turns off its deletion protection first; afterwards the table is gone."""
    for table in TABLES:
        aws.create_table(table)
    for table in TABLES:
        aws.delete_table(table)

    assert [None] * 6 == [aws.describe_table(table) for table in TABLES]


def test_a_table_is_not_created_twice(aws: DynamoDBStore) -> None:
    """Creating a table that exists is a conflict."""
    aws.create_table(LEADS)

    with pytest.raises(Conflict, match="table shop_leads exists already"):
        aws.create_table(LEADS)


def test_a_server_may_lack_protections(real_endpoint: str) -> None:
    """A table is created also on a server that lacks a protection; `unsupported` names it."""
    store = store_at(real_endpoint)
    store.create_table(OPS)
    info = store.describe_table(OPS)
    store.delete_table(OPS)
    store.close()

    assert info is not None
    assert ("expires_at", True) == (info.ttl, info.deletion_protection)
    assert (None, None) == (info.point_in_time_recovery, info.encryption)
    assert ("point-in-time recovery",) == store.unsupported()


def test_creation_waits_until_the_table_can_be_used() -> None:
    """Creating a table waits for the table and its indexes, so that they can be used at once."""
    time = ManualTime()
    replies = [success(), refusal("ResourceNotFoundException"), CREATING, INDEXING, ACTIVE]
    young = refusal("ContinuousBackupsUnavailableException")
    with serving(script(*replies, young, success())) as server:
        store = store_at(server.url, time)
        store.create_table(LEADS)
        store.close()

    protected = [*["UpdateContinuousBackups"] * 2, "DescribeContinuousBackups"]
    assert ["CreateTable", *["DescribeTable"] * 4, *protected] == server.operations
    assert 4 == len(time.pauses)


def test_creation_is_waited_for_at_most_two_minutes() -> None:
    """A table that does not become active within two minutes is an error."""
    time = ManualTime()
    with serving(script(success(), CREATING)) as server:
        store = store_at(server.url, time)
        with pytest.raises(Unavailable, match="takes longer than 120 s"):
            store.create_table(AFFILIATE_STATS)
        store.close()

    assert 110 < time.seconds <= 120


def test_a_lost_reply_to_create_is_no_conflict() -> None:
    """When the first try created the table and its reply was lost, the second try's "exists" counts as success."""
    replies = [None, refusal("ResourceInUseException"), ACTIVE, None, refusal("ValidationException"), success()]
    with serving(script(*replies)) as server:
        store = store_at(server.url)
        store.create_table(OPS)
        store.close()

    expected = ["CreateTable", "CreateTable", "DescribeTable", "UpdateTimeToLive", "UpdateTimeToLive"]
    protected = ["DescribeTimeToLive", "UpdateContinuousBackups", "DescribeContinuousBackups"]
    assert [*expected, *protected] == server.operations


def test_a_table_is_created_with_protection_and_tags() -> None:
    """Deletion protection and tags are set by the request that creates the table; encryption is left to AWS's key."""
    with serving(script(success(), ACTIVE)) as server:
        store = store_at(server.url)
        store.create_table(AFFILIATE_STATS)
        store.close()

    sent = server.requests[0].parameters
    assert sent["DeletionProtectionEnabled"]
    assert [{"Key": "application", "Value": "commercive"}] == sent["Tags"]
    assert "PAY_PER_REQUEST" == sent["BillingMode"]
    assert not {"SSESpecification", "GlobalSecondaryIndexes"} & set(sent)
