"""Reads DynamoDB's replies: whether one is whole and DynamoDB's, what is in it, and why a request was refused."""

import zlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError
from pydantic_core import from_json

from commercive_cli.engines.dynamodb.failure_kinds import ReplyDamaged
from commercive_cli.engines.dynamodb.reply_shapes import is_shaped

Reply = dict[str, Any]

WITH_ITEMS = frozenset({"BatchGetItem", "BatchWriteItem", "GetItem", "Query", "Scan"})
_WITHOUT_A_WORD = "TagResource"


def read_reply(operation: str, status: int, headers: Mapping[str, str], body: bytes) -> Reply:
    """Return what a reply holds, as JSON has it, and ResponseMetadata.

    Raises ReplyDamaged for what is no whole reply of DynamoDB to this operation: a truncated body, a proxy's HTML page,
    or other JSON. Raises ClientError, as botocore's client does, when the request was refused.
    """
    checksum = headers.get("x-amz-crc32")
    if checksum is not None and checksum != str(zlib.crc32(body)):
        raise ReplyDamaged("the reply's checksum is wrong")
    metadata = {"ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers}}
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        raise ClientError(_refusal(status, body) | metadata, operation)  # type: ignore[arg-type]  # as it is read
    if not body and operation == _WITHOUT_A_WORD and "x-amzn-requestid" in headers:
        return metadata  # it says "done" without a word; the header is DynamoDB's, and no proxy's
    reply = _json(body) if body.startswith(b"{") else None
    if reply is None:
        raise ReplyDamaged("the reply is not DynamoDB's")
    told: Reply = _without_nulls(reply, deep=operation not in WITH_ITEMS)
    if not is_shaped(operation, told):
        raise ReplyDamaged("the reply is not DynamoDB's")
    return told | metadata


def _json(body: bytes) -> Reply | None:
    """Return the object that a body is, None where it is none."""
    try:
        found = from_json(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _refusal(status: int, body: bytes) -> Reply:
    """Return code, message and whatever else tells why; where a body says no code, the status is the code.

    Source: Developer Guide, "Error handling with DynamoDB". A code comes as `com.amazonaws.dynamodb.v20120810#Code`.
    """
    said = _json(body)
    fields = {"message": body.decode(errors="replace")} if said is None else _without_nulls(said)
    code = str(fields.get("__type", status)).partition(":")[0].rpartition("#")[2]
    message = fields.get("message", fields.get("Message", ""))
    reasons = fields.get("CancellationReasons")
    told = [each if isinstance(each, dict) else {} for each in reasons] if isinstance(reasons, list) else []
    return {"Error": {"Code": code, "Message": message}, **({"CancellationReasons": told} if told else {})}


def _without_nulls(value: Any, *, deep: bool = True) -> Any:
    """Return what a server says without the fields that it gives as null, which mean that it has none.

    Unless `deep`, what is in its fields is left alone, as items are.
    """
    match value:
        case dict():
            return {name: _without_nulls(each) if deep else each for name, each in value.items() if each is not None}
        case list():
            return [_without_nulls(each) for each in value]
    return value
