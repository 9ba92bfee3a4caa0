"""Evaluates IAM policies over recorded requests to DynamoDB, as AWS does: action, resource, and what the request is.

What a request needs is in AWS's Service Authorization Reference, "Actions, resources, and condition keys for Amazon
DynamoDB", and in the DynamoDB Developer Guide, "Using IAM with DynamoDB transactions" and "Using IAM policy conditions
for fine-grained access control".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from commercive_cli.store.schema import TABLES

TABLE_ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/"
ENCLOSING = "dynamodb:EnclosingOperation"
LEADING = "dynamodb:LeadingKeys"
_ANYWHERE = ("ListTables", "ListBackups", "ListExports", "ListImports", "DescribeLimits")
"""Operations that are about no resource, and so allowed for all or none."""

_NAMED_BY = ("ResourceArn", "TableArn", "BackupArn", "ExportArn", "ImportArn")
_EQUALS = re.compile(r"(#\w+) = (:\w+)")


@dataclass(frozen=True)
class Call:
    """What AWS decides about: one action on one resource, with the values of condition keys."""

    action: str
    resource: str
    context: frozenset[tuple[str, str]] = frozenset()

    def values(self, key: str) -> set[str]:
        return {value for name, value in self.context if name == key}


@dataclass(frozen=True)
class Grant:
    """One action on one resource that a statement allows."""

    statement: int
    action: str
    resource: str


def calls_of(operation: str, request: Mapping[str, Any]) -> Iterator[Call]:
    """Yield what AWS decides about for one request."""
    if "TransactItems" in request:
        for entry in request["TransactItems"]:
            for kind, part in entry.items():
                yield from _item_calls(f"{kind}Item", part, {(ENCLOSING, operation)})
    elif "RequestItems" in request:
        for name, part in request["RequestItems"].items():
            keys = part["Keys"] if isinstance(part, Mapping) else [_written(each) for each in part]
            yield _call(operation, TABLE_ARN + name, {(LEADING, each) for key in keys for each in _leading(name, key)})
    elif operation in _ANYWHERE:
        yield _call(operation, "*")
    else:
        yield from _item_calls(operation, request, set())


def _item_calls(operation: str, request: Mapping[str, Any], context: set[tuple[str, str]]) -> Iterator[Call]:
    names = [request[key] for key in ("TableName", "SourceTableName", "TargetTableName") if key in request]
    names += [request["TableCreationParameters"]["TableName"]] if "TableCreationParameters" in request else []
    index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
    for name in names:
        key = request.get("Key", request.get("Item")) or _queried(request)
        yield _call(operation, f"{TABLE_ARN}{name}{index}", context | {(LEADING, each) for each in _leading(name, key)})
    for named in _NAMED_BY:
        if named in request:
            yield _call(operation, TABLE_ARN + str(request[named]).rpartition(":table/")[2])


def _call(operation: str, resource: str, context: Iterable[tuple[str, str]] = ()) -> Call:
    return Call(f"dynamodb:{operation}", resource, frozenset(context))


def _written(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    [(_, part)] = entry.items()
    found: Mapping[str, Any] = part.get("Item") or part["Key"]
    return found


def _queried(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that a query wants to be equal to something, first of which is its partition key."""
    names = request.get("ExpressionAttributeNames", {})
    equal = _EQUALS.findall(request.get("KeyConditionExpression", ""))
    return {names[name]: request["ExpressionAttributeValues"][value] for name, value in equal}


def _leading(table_name: str, key: Mapping[str, Any]) -> list[str]:
    """Return the partition key among these attributes, of the table or of an index of it."""
    for table in TABLES:
        if table_name.endswith(table.name):
            partitions = [table.partition.name, *(index.partition.name for index in table.indexes)]
            found: Mapping[str, Any] = next((key[name] for name in partitions if name in key), {})
            return [str(value) for value in found.values()]
    return []


class Policy:
    """The statements of a policy, over which calls are decided; remembers which grants were used."""

    def __init__(self, statements: Iterable[Mapping[str, Any]]) -> None:
        self._statements = list(statements)
        self.used: set[Grant] = set()

    def grants(self) -> set[Grant]:
        """Return everything that is allowed."""
        return {
            Grant(number, action, resource)
            for number, statement in enumerate(self._statements)
            if statement["Effect"] == "Allow"
            for action in _listed(statement["Action"])
            for resource in _listed(statement["Resource"])
        }

    def allows(self, call: Call) -> bool:
        """Return whether a call is allowed: some statement allows it, and none denies it."""
        effects: set[str] = set()
        for number, statement in enumerate(self._statements):
            if not _holds(statement.get("Condition", {}), call):
                continue
            for action in _listed(statement["Action"]):
                for resource in _listed(statement["Resource"]):
                    if _fits(action.lower(), call.action.lower()) and _fits(resource, call.resource):
                        effects.add(statement["Effect"])
                        self.used.add(Grant(number, action, resource))
        return effects == {"Allow"}


def _holds(conditions: Mapping[str, Mapping[str, Any]], call: Call) -> bool:
    return all(
        _compared(operator, set(_listed(wanted)), call.values(key))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _compared(operator: str, wanted: set[str], values: set[str]) -> bool:
    quantifier, _, comparison = operator.rpartition(":")
    fits = {"StringEquals": lambda value: value in wanted, "StringLike": lambda value: _any_fits(wanted, value)}
    held = [fits[comparison](value) for value in values]
    if quantifier == "ForAllValues":
        return all(held)  # also when the request has no such key
    return any(held) if quantifier == "ForAnyValue" else held == [True]


def _any_fits(patterns: Iterable[str], value: str) -> bool:
    return any(_fits(pattern, value) for pattern in patterns)


def _fits(pattern: str, value: str) -> bool:
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
