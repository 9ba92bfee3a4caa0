"""Indexes that cannot be read: the error says whether to wait, to make the index, or to deploy the stack again."""

import json
from contextlib import closing

import pytest

from commercive_cli.cli.errors import exit_code
from commercive_cli.domain.errors import CommerciveError
from commercive_cli.store.port import IndexNotReady, Query
from commercive_cli.store.schema import CONVERSATIONS
from tests.engines.dynamodb.doubles import Reply, Request, described, refusal, serving, store_at, success

INDEX = "ConversationStatusIndex"
FILLING = "is being filled; try again later, `commercive tables diff` tells when it is done"
STACK = [{"Key": "aws:cloudformation:stack-name", "Value": "commercive"}]


def index(status: str) -> dict[str, object]:
    key = [{"AttributeName": "status", "KeyType": "HASH"}, {"AttributeName": "updated_at", "KeyType": "RANGE"}]
    return {"IndexName": INDEX, "IndexStatus": status, "KeySchema": key, "Projection": {"ProjectionType": "ALL"}}


def refused(indexes: list[dict[str, object]], tags: list[dict[str, str]]) -> CommerciveError:
    """Return the error of a query that DynamoDB refuses, of a table with these indexes and tags."""
    table = json.loads(described(CONVERSATIONS).body)["Table"]
    types = [{"AttributeName": "status", "AttributeType": "S"}, {"AttributeName": "updated_at", "AttributeType": "N"}]
    whole = table | {
        "TableName": "conversations",
        "TableArn": "arn",
        "GlobalSecondaryIndexes": indexes,
        "AttributeDefinitions": [*table["AttributeDefinitions"], *types],
    }
    replies = {
        "Query": refusal("ValidationException", "Cannot read from backfilling global secondary index"),
        "DescribeTable": success(Table=whole),
        "ListTagsOfResource": success(Tags=tags),
    }

    def answer(request: Request) -> Reply:
        return replies.get(request.operation, success())

    with serving(answer) as server, closing(store_at(server.url)) as store, pytest.raises(IndexNotReady) as error:
        store.query(Query(CONVERSATIONS, "open", INDEX))
    return error.value


@pytest.mark.parametrize(
    ("indexes", "tags", "code", "words"),
    [
        ([index("CREATING")], [], 75, FILLING),
        ([index("CREATING")], STACK, 75, FILLING),
        ([index("DELETING")], [], 78, "is DELETING; `commercive tables apply` makes it"),
        ([], [], 78, "is missing; `commercive tables apply` makes it"),
        ([], STACK, 78, "is missing; a stack owns the table: deploy its template again"),
    ],
)
def test_what_can_be_done_about_an_index(
    indexes: list[dict[str, object]], tags: list[dict[str, str]], code: int, words: str
) -> None:
    """One that is being filled can be read in a while (75); one that is missing, somebody has to make (78)."""
    error = refused(indexes, tags)

    assert (code, True) == (exit_code(error), words in error.message), error.message
