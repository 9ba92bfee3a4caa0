"""What the function may do to each table: the calls that the actions make, and no other."""

from dataclasses import dataclass
from typing import Any

from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table

Statement = dict[str, Any]


@dataclass(frozen=True)
class TableAccess:
    """The calls on one table: reads of its items, queries of indexes by name, and writes within transactions."""

    table: Table
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    indexes: tuple[str, ...] = ()


TABLE_ACCESS = (
    TableAccess(
        CONVERSATIONS,
        ("GetItem", "Query"),
        ("PutItem", "UpdateItem"),
        ("ConversationStatusIndex", "UserConversationsIndex"),
    ),
    TableAccess(MESSAGES, ("Query",), ("PutItem", "UpdateItem")),
    TableAccess(LEADS, ("GetItem", "Query"), ("PutItem", "UpdateItem"), ("LeadStatusIndex",)),
    TableAccess(AFFILIATE_LINKS, ("GetItem", "Query"), ("PutItem",), ("LinkIdIndex",)),
    TableAccess(AFFILIATE_STATS, ("GetItem",), ("UpdateItem",)),
    TableAccess(OPS, ("GetItem",), ("PutItem", "UpdateItem")),
)


_KEY_CHECKS = ("ConditionCheckItem", "DescribeTable")


def statements(prefix: str) -> list[Statement]:
    """Return the policy's statements.

    A write outside a transaction is refused: a plain UpdateItem that adds, repeated after a lost reply, would count
    twice (DynamoDB Developer Guide, "Using IAM with DynamoDB transactions"). Every table's key may be looked at, and
    checked by a transaction, which writes nothing: that is how the engine keeps off tables that are not ours.
    """
    return [statement for calls in TABLE_ACCESS for statement in _statements(calls, prefix)]


def _statements(calls: TableAccess, prefix: str) -> list[Statement]:
    arn = f"arn:${{AWS::Partition}}:dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:table/{prefix}{calls.table.name}"
    transactions = {"StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"}}
    found = [
        _allowed((*calls.reads, *_KEY_CHECKS), [arn]),
        {**_allowed(calls.writes, [arn]), "Condition": transactions},
    ]
    if calls.indexes:
        found.append(_allowed(("Query",), [f"{arn}/index/{name}" for name in calls.indexes]))
    return found


def _allowed(operations: tuple[str, ...], arns: list[str]) -> Statement:
    return {
        "Effect": "Allow",
        "Action": [f"dynamodb:{operation}" for operation in operations],
        "Resource": [{"Fn::Sub": arn} for arn in arns],
    }
