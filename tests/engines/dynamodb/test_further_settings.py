"""Settings that are not declared: which are told, in which words, and what comes of the one that rules out a store."""

import json
from contextlib import closing
from typing import Any

import pytest
from moto import mock_aws

from commercive_cli.cli.errors import exit_code
from commercive_cli.domain.errors import Invalid, Misconfigured
from commercive_cli.engines.dynamodb.further_settings import further_settings
from commercive_cli.engines.dynamodb.table_definitions import create_request
from commercive_cli.services.tables.drift import DriftService
from commercive_cli.store.schema import AFFILIATE_STATS, OPS
from commercive_cli.store.writes import Put
from tests.engines.dynamodb.doubles import (
    Answer,
    Request,
    cancelled,
    described,
    refusal,
    serving,
    session_with_credentials,
    store_at,
    success,
)

NEW = {
    "TableClassSummary": {"TableClass": "STANDARD"},
    "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
    "OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1},
    "WarmThroughput": {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000, "Status": "ACTIVE"},
    "StreamSpecification": {"StreamEnabled": False},
    "GlobalSecondaryIndexes": [{"IndexName": "ByUser", "OnDemandThroughput": {"MaxReadRequestUnits": -1}}],
    "Replicas": [],
}


@pytest.mark.parametrize("described", [NEW, {}], ids=["new", "bare"])
@pytest.mark.parametrize("days", [35, None])
def test_a_new_table_has_nothing_to_tell(described: dict[str, Any], days: int | None) -> None:
    """What every table has is not named, nor what a server does not know."""
    assert {} == further_settings(described, days)


@pytest.mark.parametrize(
    ("live", "told"),
    [
        (
            {"TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"}},
            "table class: STANDARD_INFREQUENT_ACCESS",
        ),
        ({"Replicas": [{"RegionName": "us-east-1"}, {"RegionName": "eu-west-1"}]}, "replicas: eu-west-1, us-east-1"),
        (
            {"Replicas": [{"RegionName": "us-east-1"}], "MultiRegionConsistency": "STRONG"},
            "replicas: us-east-1, multi-region strong consistency",
        ),
        ({"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}}, "stream: NEW_IMAGE"),
        (
            {"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 1000}},
            "provisioned throughput: 5 read and 1,000 write units a second",
        ),
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 50}},
            "highest throughput: any read and 50 write units a second",
        ),
        (
            {"GlobalSecondaryIndexes": [{"IndexName": "A", "OnDemandThroughput": {"MaxReadRequestUnits": 9}}]},
            "highest throughput of A: 9 read and any write units a second",
        ),
        (
            {"WarmThroughput": {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_001}},
            "warm throughput: 12,000 read and 4,001 write units a second",
        ),
    ],
)
def test_each_setting_is_told_in_words(live: dict[str, Any], told: str) -> None:
    """Each for itself, by its name."""
    assert [told] == [": ".join(each) for each in further_settings(NEW | live, None).items()]


def test_a_shorter_recovery_period_is_told() -> None:
    """That recovery is on is declared; how far it goes back is the operator's."""
    assert {"recovery period": "7 days"} == further_settings(NEW, 7)


def test_apply_keeps_what_an_operator_set() -> None:
    """A customer's key, bought throughput and a stream stay through `apply`, and are told."""
    with mock_aws(), closing(store_at(None, prefix="shop_")) as store:
        client: Any = session_with_credentials().create_client("dynamodb", "eu-west-1")
        client.create_table(
            **create_request(AFFILIATE_STATS, "shop_affiliate_stats")
            | {"BillingMode": "PROVISIONED"}
            | {"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}
            | {"SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/ours"}}
            | {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
        )
        drift = DriftService(store)
        drift.apply()
        before = store.describe_table(AFFILIATE_STATS)
        applied, told = drift.apply(), {each.what: each.live for each in drift.diff().kept}

        assert ([], []) == (applied.changes, applied.remaining)
        assert before == store.describe_table(AFFILIATE_STATS)
        assert "KMS alias/ours, declared AWS owned key" == told["encryption"]
        assert ("PROVISIONED, declared PAY_PER_REQUEST", "NEW_AND_OLD_IMAGES") == (told["billing"], told["stream"])
        assert ["set billing to PAY_PER_REQUEST"] == [each.change for each in drift.apply(billing=True).changes]
        assert {"encryption", "stream"} <= {each.what for each in drift.diff().kept}


@pytest.mark.parametrize(
    "refused",
    [refusal("ValidationException", "Transactions are not supported"), cancelled("ValidationError")],
    ids=["request", "write"],
)
@pytest.mark.parametrize("consistency", ["STRONG", "EVENTUAL"])
def test_a_write_where_no_transactions_are_possible_says_so(refused: Answer, consistency: str) -> None:
    """However DynamoDB refuses them there: exit 78, with the table and the way out. Elsewhere its own words stay."""
    table = json.loads(described(OPS).body)["Table"] | {"MultiRegionConsistency": consistency}

    def answer(request: Request) -> Answer:
        return success(Table=table | {"TableName": "t_ops"}) if request.operation == "DescribeTable" else refused

    with (
        serving(answer) as server,
        closing(store_at(server.url, prefix="t_")) as store,
        pytest.raises((Misconfigured, Invalid)) as told,
    ):
        store.transact(Put(OPS, {"pk": "a", "sk": "b"}))

    strong = consistency == "STRONG"
    assert (78 if strong else 2) == exit_code(told.value)
    assert strong == ("t_ops: multi-region strong consistency; DynamoDB makes no transactions" in str(told.value))
