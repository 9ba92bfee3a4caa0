"""Writes, conditions and queries as requests of DynamoDB, and its responses as pages.

Expressions hold placeholders for all names and values, since reserved words such as `status` are not allowed in them.
"""

from decimal import Decimal
from typing import Any

from commercive_cli.domain.errors import Conflict, Damaged, Invalid
from commercive_cli.store.items import (
    LARGEST_EXPONENT,
    NUMBER_DIGITS,
    AttributeValue,
    Item,
    Key,
    decode_item,
    decode_value,
    encode_item,
    encode_value,
    encoded_text,
)
from commercive_cli.store.port import Page, Query, TextPage
from commercive_cli.store.schema import Attribute, Table
from commercive_cli.store.writes import (
    Absent,
    All,
    AnyOf,
    Below,
    Check,
    Condition,
    Delete,
    Equals,
    Exists,
    Missing,
    Put,
    Update,
    Write,
)

Parameters = dict[str, Any]
_LOWEST: dict[str, str | Decimal] = {"S": "\0", "N": Decimal(f"-9.{'9' * (NUMBER_DIGITS - 1)}E+{LARGEST_EXPONENT}")}
"""Nothing sorts below these: no key is an empty text, and no number is less."""


class Placeholders:
    """The attribute names and values of one request, and their placeholders."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, AttributeValue] = {}

    def name(self, attribute: str) -> str:
        """Return the placeholder of an attribute name, always the same for the same name."""
        return self._names.setdefault(attribute, f"#n{len(self._names)}")

    def value(self, value: Any) -> str:
        """Return a new placeholder for the value."""
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = encode_value(value)
        return placeholder

    def parameters(self) -> Parameters:
        """Return the request parameters that define the placeholders, without empty ones, which DynamoDB refuses."""
        names = {placeholder: attribute for attribute, placeholder in self._names.items()}
        defined = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": self._values}
        return {parameter: content for parameter, content in defined.items() if content}


def transaction_write(write: Write, table_name: str) -> Parameters:
    """Return the write as an entry of TransactItems."""
    placeholders = Placeholders()
    request: Parameters = {"TableName": table_name, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    match write:
        case Put():
            request["Item"] = encode_item(write.item)
        case Update():
            request |= {"Key": encode_item(write.key), "UpdateExpression": update_expression(write, placeholders)}
        case Delete() | Check():
            request["Key"] = encode_item(write.key)
    if write.when is not None:
        request["ConditionExpression"] = condition_expression(write.when, write.table, placeholders)
    return {_ENTRIES[type(write)]: request | placeholders.parameters()}


def update_expression(write: Update, placeholders: Placeholders) -> str:
    """Return the SET, ADD and REMOVE clauses; raise Invalid when there is nothing to change, as DynamoDB would."""
    assigned = [f"{placeholders.name(name)} = {placeholders.value(value)}" for name, value in write.set.items()]
    assigned += [_default(name, value, placeholders) for name, value in write.default.items()]
    added = [f"{placeholders.name(name)} {placeholders.value(amount)}" for name, amount in write.add.items()]
    removed = [placeholders.name(name) for name in write.remove]
    clauses = {"SET": assigned, "ADD": added, "REMOVE": removed}
    expression = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)
    if not expression:
        raise Invalid("an update must set, add or remove something; use a Check to change nothing")
    return expression


def condition_expression(condition: Condition, table: Table, placeholders: Placeholders) -> str:
    """Return the condition as an expression; an empty All always holds, an empty AnyOf never."""
    match condition:
        case Exists():
            return f"attribute_exists({_key_name(table, placeholders)})"
        case Absent():
            return f"attribute_not_exists({_key_name(table, placeholders)})"
        case Missing(name):
            return f"attribute_not_exists({placeholders.name(name)})"
        case Equals(name, value):
            return f"{placeholders.name(name)} = {placeholders.value(value)}"
        case Below(name, bound):
            return f"{placeholders.name(name)} < {placeholders.value(bound)}"
        case All():
            return _joined("AND", condition.conditions or (AnyOf(Exists(), Absent()),), table, placeholders)
        case AnyOf():
            return _joined("OR", condition.conditions or (All(Exists(), Absent()),), table, placeholders)


def query_request(query: Query, table_name: str) -> Parameters | None:
    """Return the parameters of a Query, or None when its bounds leave nothing; raise Invalid on a limit below 1."""
    if query.limit is not None and query.limit < 1:
        raise Invalid("limit must be at least 1", field="limit")
    placeholders = Placeholders()
    conditions = _key_conditions(query, placeholders)
    if conditions is None:
        return None
    request: Parameters = {
        "TableName": table_name,
        "KeyConditionExpression": " AND ".join(conditions),
        "ScanIndexForward": not query.descending,
        **placeholders.parameters(),
    }
    request |= {"ConsistentRead": True} if query.index is None else {"IndexName": query.index}
    request |= {} if query.limit is None else {"Limit": query.limit}
    return request | start_parameter(query.start)


def scan_request(
    table_name: str, segment: int, segments: int, start: Key | None, limit: int | None = None
) -> Parameters:
    """Return the parameters of a Scan; raise Invalid when there is no such segment."""
    if not 0 <= segment < segments:
        raise Invalid(f"there is no segment {segment} of {segments}")
    parallel = {"Segment": segment, "TotalSegments": segments} if segments > 1 else {}
    most = {} if limit is None else {"Limit": limit}
    return {"TableName": table_name, "ConsistentRead": True, **parallel, **most, **start_parameter(start)}


def start_parameter(start: Key | None) -> Parameters:
    """Return the parameter for the key after which a page starts, if there is one."""
    return {} if start is None else {"ExclusiveStartKey": encode_item(start)}


def page_of(response: dict[str, Any], table: Table) -> Page:
    """Return the page in the response to a Query or Scan; raise Damaged, naming the item, on unsupported types."""
    last, items = response.get("LastEvaluatedKey"), response.get("Items", [])
    try:
        return Page([decode_item(each) for each in items], decode_item(last) if last else None)
    except Invalid:
        _raise_for_damaged(items, table)
        raise


def queried_page(response: dict[str, Any], query: Query) -> Page:
    """Return the page in the response to a Query, without items whose values are no keys of its index.

    DynamoDB does not index such items. Compatible servers do when they fill an index that was added later, and texts
    among times could be neither sorted nor compared.
    """
    page = page_of(response, query.table)
    if query.index is None:
        return page
    keys = query.table.key_attributes(query.index)
    return Page([item for item in page.items if all(_is_key(each, item.get(each.name)) for each in keys)], page.next)


def _is_key(attribute: Attribute, value: Any) -> bool:
    return isinstance(value, str if attribute.type == "S" else int | Decimal) and not isinstance(value, bool)


def item_of(encoded: dict[str, AttributeValue], table: Table) -> Item:
    """Return the item in a response; raise Damaged, naming it, when it holds unsupported types."""
    try:
        return decode_item(encoded)
    except Invalid as wrong:
        parts = [encoded.get(name) for name in table.key_names]
        key = " ".join(str(value) for part in parts if isinstance(part, dict) for value in part.values())
        raise Damaged(f"the stored item {key} of {table.name} is damaged: {wrong.message}") from None


def _raise_for_damaged(items: list[dict[str, AttributeValue]], table: Table) -> None:
    for each in items:
        item_of(each, table)


def text_page_of(response: dict[str, Any], table: Table) -> TextPage:
    """Return the page in the response to a Scan as texts, each with the values of its key.

    Raises Conflict when an item lacks an attribute of the declared key, which happens when the live table has another
    key, and Damaged when an item holds unsupported types.
    """
    names, last, items = table.key_names, response.get("LastEvaluatedKey"), response.get("Items", [])
    try:
        rows = [(encoded_text(item), *(decode_value(item[name]) for name in names)) for item in items]
    except Invalid:
        _raise_for_damaged(items, table)
        raise
    except KeyError:
        found = next(sorted(item) for item in items if not item.keys() >= set(names))
        raise Conflict(f"{table.name}: an item has no {' and '.join(names)}, only {', '.join(found)}") from None
    return TextPage(rows, decode_item(last) if last else None)


def successor(bound: int | str) -> int | str:
    """Return the least key that is greater than `bound`, to turn an exclusive bound into an inclusive one.

    DynamoDB allows one condition on the sort key, BETWEEN, whose bounds are inclusive. Text sorts by its UTF-8 bytes,
    so the next key after a text is that text with a NUL appended.
    """
    return bound + 1 if isinstance(bound, int) else bound + "\0"


def _key_conditions(query: Query, placeholders: Placeholders) -> list[str] | None:
    partition, sort = _key_of(query)
    conditions = [f"{placeholders.name(partition.name)} = {placeholders.value(query.partition)}"]
    if query.since is None and query.until is None:
        if sort is None or query.index is not None:
            return conditions
        # A bound that every key keeps lets a table that sorts by another attribute, or by none, refuse the query.
        return [*conditions, _between(placeholders.name(sort.name), _LOWEST[sort.type], None, placeholders)]
    if sort is None:
        raise Invalid(f"{query.table.name} has no sort key to bound")
    lowest = None if query.since is None else successor(query.since)
    if _is_empty(lowest, query.until):
        return None
    return [*conditions, _between(placeholders.name(sort.name), lowest, query.until, placeholders)]


def _key_of(query: Query) -> tuple[Attribute, Attribute | None]:
    read = query.table if query.index is None else query.table.index(query.index)
    return read.partition, read.sort


def _is_empty(lowest: int | str | None, highest: int | str | None) -> bool:
    match lowest, highest:
        case (int(), int()):
            return lowest > highest
        case (str(), str()):
            return lowest.encode() > highest.encode()
    return False


def _between(
    name: str, lowest: int | str | Decimal | None, highest: int | str | None, placeholders: Placeholders
) -> str:
    if highest is None:
        return f"{name} >= {placeholders.value(lowest)}"
    if lowest is None:
        return f"{name} <= {placeholders.value(highest)}"
    return f"{name} BETWEEN {placeholders.value(lowest)} AND {placeholders.value(highest)}"


def _joined(word: str, conditions: tuple[Condition, ...], table: Table, placeholders: Placeholders) -> str:
    terms = [(each, condition_expression(each, table, placeholders)) for each in conditions]
    if len(terms) == 1:
        return terms[0][1]
    return f" {word} ".join(f"({text})" if _is_compound(each) else text for each, text in terms)


def _is_compound(condition: Condition) -> bool:
    """Return whether the expression has several terms and needs parentheses; DynamoDB refuses redundant ones."""
    if not isinstance(condition, All | AnyOf):
        return False
    return len(condition.conditions) != 1 or _is_compound(condition.conditions[0])


def _key_name(table: Table, placeholders: Placeholders) -> str:
    return placeholders.name(table.partition.name)


def _default(name: str, value: Any, placeholders: Placeholders) -> str:
    return f"{placeholders.name(name)} = if_not_exists({placeholders.name(name)}, {placeholders.value(value)})"


_ENTRIES: dict[type[Write], str] = {Put: "Put", Update: "Update", Delete: "Delete", Check: "ConditionCheck"}
