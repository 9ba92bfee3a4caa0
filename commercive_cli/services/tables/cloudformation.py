"""The six tables as CloudFormation resources (AWS::DynamoDB::Table), made from their declaration."""

from collections.abc import Iterator
from typing import Any

from commercive_cli.store.schema import TABLES, Attribute, Table

Resource = dict[str, Any]


def table_resources(prefix: str) -> dict[str, Resource]:
    """Return the resources by logical id, such as `ConversationsTable`; the tables stay when the stack is deleted."""
    return {logical_id(table): _resource(table, prefix) for table in TABLES}


def tables_stack(prefix: str) -> dict[str, Any]:
    """Return the CloudFormation template of the tables alone."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Commercive: the six tables of support chat and affiliate programme",
        "Resources": table_resources(prefix),
    }


def logical_id(table: Table) -> str:
    """Return the logical id of a table's resource within the stack."""
    return "".join(word.title() for word in table.name.split("_")) + "Table"


def _resource(table: Table, prefix: str) -> Resource:
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": dict(_properties(table, prefix)),
    }


def _properties(table: Table, prefix: str) -> Iterator[tuple[str, Any]]:
    protections = table.protections
    keys = [*table.key_attributes(), *(a for index in table.indexes for a in (index.partition, index.sort))]
    yield "TableName", prefix + table.name
    yield "AttributeDefinitions", [{"AttributeName": a.name, "AttributeType": a.type} for a in dict.fromkeys(keys)]
    yield "KeySchema", _key_schema(table.partition, table.sort)
    yield "BillingMode", protections.billing
    if table.indexes:
        yield (
            "GlobalSecondaryIndexes",
            [
                {
                    "IndexName": index.name,
                    "KeySchema": _key_schema(index.partition, index.sort),
                    "Projection": {"ProjectionType": index.projection},
                }
                for index in table.indexes
            ],
        )
    if table.ttl is not None:
        yield "TimeToLiveSpecification", {"AttributeName": table.ttl, "Enabled": True}
    # Encryption at rest is always on; False means encryption with the key that AWS owns.
    yield "SSESpecification", {"SSEEnabled": protections.encryption == "KMS"}
    yield "PointInTimeRecoverySpecification", {"PointInTimeRecoveryEnabled": protections.point_in_time_recovery}
    yield "DeletionProtectionEnabled", protections.deletion_protection
    yield "Tags", [{"Key": name, "Value": value} for name, value in protections.tags]


def _key_schema(partition: Attribute, sort: Attribute | None) -> list[dict[str, str]]:
    pairs = ((partition, "HASH"), (sort, "RANGE"))
    return [{"AttributeName": each.name, "KeyType": kind} for each, kind in pairs if each is not None]
