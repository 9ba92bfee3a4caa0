"""Turns declared tables into DynamoDB's requests, and its descriptions of tables into TableInfo."""

from collections.abc import Mapping
from typing import Any

from commercive_cli.engines.dynamodb.further_settings import further_settings, is_strong
from commercive_cli.store.foreign import KeyShape
from commercive_cli.store.port import TableInfo
from commercive_cli.store.schema import Attribute, Index, Table

Description = dict[str, Any]
AWS_OWNED_KEY = "AWS owned key"


def create_request(table: Table, name: str) -> dict[str, Any]:
    """Return the parameters of CreateTable for a declared table."""
    return {
        **table_parameters(table, name),
        "DeletionProtectionEnabled": table.protections.deletion_protection,
        "Tags": tag_list(table.protections.tags),
    }


def table_parameters(table: Table, name: str) -> dict[str, Any]:
    """Return the parameters that CreateTable and ImportTable share; ImportTable has no tags and no protection."""
    request: dict[str, Any] = {
        "TableName": name,
        "AttributeDefinitions": attribute_definitions(table),
        "KeySchema": _key_schema(table.partition, table.sort),
        "BillingMode": table.protections.billing,
    }
    if table.indexes:
        request["GlobalSecondaryIndexes"] = [index_definition(index) for index in table.indexes]
    if table.protections.encryption != AWS_OWNED_KEY:
        request["SSESpecification"] = encryption_specification(table.protections.encryption)
    return request


def tag_list(tags: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    """Return tags in the form of DynamoDB's requests."""
    return [{"Key": name, "Value": value} for name, value in tags]


def encryption_specification(key: str) -> dict[str, Any]:
    """Return the specification for encryption with the key that AWS owns, or with the account's key for DynamoDB."""
    return {"Enabled": False} if key == AWS_OWNED_KEY else {"Enabled": True, "SSEType": "KMS"}


def attribute_definitions(table: Table) -> list[dict[str, str]]:
    """Return every key attribute of the table and its indexes, each once."""
    keys = [*table.key_attributes(), *(a for index in table.indexes for a in (index.partition, index.sort))]
    return [{"AttributeName": each.name, "AttributeType": each.type} for each in dict.fromkeys(keys)]


def index_definition(index: Index) -> dict[str, Any]:
    """Return a global secondary index in the form of CreateTable and UpdateTable."""
    return {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.partition, index.sort),
        "Projection": {"ProjectionType": index.projection},
    }


def table_info(
    described: Description,
    *,
    ttl: str | None,
    recovery: bool | None,
    tags: Mapping[str, str] | None,
    recovery_days: int | None = None,
) -> TableInfo:
    """Return the TableInfo of a table from DescribeTable and the descriptions of its protections."""
    types = _types(described)
    indexes = described.get("GlobalSecondaryIndexes", [])
    encryption = encryption_of(described)  # a server that encrypts nothing has no recovery either
    return TableInfo(
        name=described["TableName"],
        status=described["TableStatus"],
        items=described.get("ItemCount", 0),
        bytes=described.get("TableSizeBytes", 0),
        billing=billing_of(described),
        keys=_keys(described, types),
        indexes={each["IndexName"]: _keys(each, types) for each in indexes},
        ttl=ttl,
        point_in_time_recovery=recovery,
        deletion_protection=described.get("DeletionProtectionEnabled"),
        encryption=encryption if recovery is not None or encryption != AWS_OWNED_KEY else None,
        tags=tags,
        projections={each["IndexName"]: each["Projection"]["ProjectionType"] for each in indexes},
        index_status={each["IndexName"]: each.get("IndexStatus", "ACTIVE") for each in indexes},
        further=further_settings(described, recovery_days),
        multi_region_strong=is_strong(described),
    )


def key_of(described: Description) -> KeyShape:
    """Return the table's key, partition first; nothing where the description does not tell."""
    return _keys(described, _types(described)) if "KeySchema" in described else ()


def billing_of(described: Description) -> str:
    """Return the billing mode; DynamoDB leaves it out of a table that was provisioned from the beginning."""
    return str(described.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"))


def encryption_of(described: Description) -> str:
    """Return which key encrypts the table; DynamoDB, which encrypts every table, leaves out its own key."""
    found = described.get("SSEDescription", {"Status": "DISABLED"})
    if found.get("Status") in ("DISABLED", "DISABLING"):
        return AWS_OWNED_KEY
    return f"{found.get('SSEType', 'KMS')} {found.get('KMSMasterKeyArn', '')}".strip()


def is_active(described: Description | None) -> bool:
    """Return whether the table and all its indexes can be used."""
    # A new table may not be found yet, and an index becomes active later than its table.
    if described is None or described["TableStatus"] != "ACTIVE":
        return False
    return all(index.get("IndexStatus", "ACTIVE") == "ACTIVE" for index in described.get("GlobalSecondaryIndexes", []))


def _types(described: Description) -> dict[str, str]:
    return {each["AttributeName"]: each["AttributeType"] for each in described["AttributeDefinitions"]}


def _keys(described: Description, types: dict[str, str]) -> KeyShape:
    schema = sorted(described["KeySchema"], key=lambda each: str(each["KeyType"]))  # HASH before RANGE
    return tuple((each["AttributeName"], types[each["AttributeName"]]) for each in schema)


def _key_schema(partition: Attribute, sort: Attribute | None) -> list[dict[str, str]]:
    schema = [{"AttributeName": partition.name, "KeyType": "HASH"}]
    return schema if sort is None else [*schema, {"AttributeName": sort.name, "KeyType": "RANGE"}]
