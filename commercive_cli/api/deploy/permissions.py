"""The permissions of the function on each table: the DynamoDB operations that the actions use, and no others."""

from dataclasses import dataclass
from typing import Any

from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table

Statement = dict[str, Any]


@dataclass(frozen=True)
class TableAccess:
    """Allowed operations on one table: reads, writes within transactions, and queries of the named indexes."""

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
    TableAccess(MESSAGES, ("GetItem", "Query"), ("PutItem", "UpdateItem")),
    TableAccess(LEADS, ("GetItem", "Query"), ("PutItem", "UpdateItem"), ("LeadStatusIndex",)),
    TableAccess(AFFILIATE_LINKS, ("GetItem", "Query"), ("PutItem",), ("LinkIdIndex",)),
    TableAccess(AFFILIATE_STATS, ("GetItem",), ("UpdateItem",)),
    TableAccess(OPS, ("BatchGetItem", "GetItem", "Query"), ("PutItem", "UpdateItem", "DeleteItem")),
)


def statements(prefix: str) -> list[Statement]:
    """Return the policy's statements.

    Writes outside transactions are not allowed: an UpdateItem that adds would count twice when it is repeated after a
    lost reply (DynamoDB Developer Guide, "Using IAM with DynamoDB transactions"). Every table's key may be looked at,
    and checked by a transaction, which writes nothing: that is how the engine keeps off tables that are not ours.
    """
    return [statement for access in TABLE_ACCESS for statement in _statements(access, prefix)]


def _statements(access: TableAccess, prefix: str) -> list[Statement]:
    arn = f"arn:${{AWS::Partition}}:dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:table/{prefix}{access.table.name}"
    transactions = {"StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"}}
    found = [
        _allowed((*access.reads, "DescribeTable"), [arn]),
        {**_allowed((*access.writes, "ConditionCheckItem"), [arn]), "Condition": transactions},
    ]
    if access.indexes:
        found.append(_allowed(("Query",), [f"{arn}/index/{name}" for name in access.indexes]))
    return found


def _allowed(operations: tuple[str, ...], arns: list[str]) -> Statement:
    return {
        "Effect": "Allow",
        "Action": [f"dynamodb:{operation}" for operation in operations],
        "Resource": [{"Fn::Sub": arn} for arn in arns],
    }
