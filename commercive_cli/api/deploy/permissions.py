"""The permissions of the function on each table: the DynamoDB operations that the actions use, and no others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from commercive_cli.services.tables.cloudformation import logical_id
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table

Statement = dict[str, Any]
_TRANSACTIONS = {"ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}}


@dataclass(frozen=True)
class TableAccess:
    """Allowed operations on one table: reads, writes within transactions, and queries of the named indexes.

    `keyed` are further writes, of items alone whose partition key is like one of these.
    """

    table: Table
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    keyed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
    TableAccess(
        OPS,
        ("BatchGetItem", "GetItem", "Query"),
        ("PutItem",),
        keyed={"UpdateItem": ("rate#*",), "DeleteItem": ("claim#*",)},
    ),
)


def statements(prefix: str) -> list[Statement]:
    """Return the policy's statements.

    Writes outside transactions are not allowed: an UpdateItem that adds would count twice when it is repeated after a
    lost reply (DynamoDB Developer Guide, "Using IAM with DynamoDB transactions"). Every table's key may be looked at,
    and checked by a transaction, which writes nothing: that is how the engine keeps off tables that are not ours.
    Of `ops`, limits alone are changed and claims alone deleted: nothing that the function does takes history away.
    """
    return [statement for access in TABLE_ACCESS for statement in _statements(access, prefix)]


_ITEMS = (
    "BatchGetItem",
    "BatchWriteItem",
    "ConditionCheckItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "UpdateItem",
)
_TABLES = (
    "CreateTable",
    "DeleteTable",
    "DescribeContinuousBackups",
    "DescribeTable",
    "DescribeTimeToLive",
    "ListTagsOfResource",
    "TagResource",
    "UpdateContinuousBackups",
    "UpdateTable",
    "UpdateTimeToLive",
)
_COPIES = (
    "CreateBackup",
    "DescribeExport",
    "DescribeImport",
    "ExportTableToPointInTime",
    "ImportTable",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
)


def operators_statements(prefix: str) -> list[Statement]:
    """Return what people may do who run the command line: every command, on tables whose names start with the prefix.

    So they restore to a prefix that begins with this one. A restore needs writes outside of transactions, as DynamoDB
    makes them in their name (DynamoDB Developer Guide, "Using IAM with DynamoDB backup and restore").
    """
    ours = {"Fn::Sub": f"arn:${{AWS::Partition}}:dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:table/{prefix}*"}
    return [_allowed((*_ITEMS, *_TABLES, *_COPIES), [ours]), {**_allowed(("ListBackups",), []), "Resource": "*"}]


def _statements(access: TableAccess, prefix: str) -> list[Statement]:
    table = _arn(access.table, prefix)
    found = [
        _allowed((*access.reads, "DescribeTable"), [table]),
        {**_allowed((*access.writes, "ConditionCheckItem"), [table]), "Condition": _TRANSACTIONS},
    ]
    for operation, keys in access.keyed.items():
        alike = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}}
        found.append({**_allowed((operation,), [table]), "Condition": _TRANSACTIONS | alike})
    if access.indexes:
        found.append(_allowed(("Query",), [_arn(access.table, prefix, f"/index/{name}") for name in access.indexes]))
    return found


def _arn(table: Table, prefix: str, index: str = "") -> dict[str, Any]:
    """Return the ARN of a table or an index: that of the stack's own table, so that it is there before the function."""
    by_name = f"arn:${{AWS::Partition}}:dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:table/{prefix}{table.name}"
    of_stack = f"${{{logical_id(table)}.Arn}}"
    return {"Fn::If": ["MakesTables", {"Fn::Sub": of_stack + index}, {"Fn::Sub": by_name + index}]}


def _allowed(operations: tuple[str, ...], arns: list[dict[str, Any]]) -> Statement:
    return {"Effect": "Allow", "Action": [f"dynamodb:{operation}" for operation in operations], "Resource": arns}
