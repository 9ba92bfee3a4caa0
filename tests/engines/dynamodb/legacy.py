"""Tables of the former backend on a real server: their keys and indexes are those that it made, and not ours."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from botocore.client import BaseClient

from commercive_cli.store.items import Item, encode_item
from tests.engines.dynamodb.doubles import session_with_credentials

KEYS = {
    "chat_conversations": "conversation_id",
    "chat_messages": "message_id",
    "leads": "lead_id",
    "affiliate_links": "link_id",
    "affiliate_payments": "payment_id",
    "user_preferences": "user_id",
}
"""Some of the former backend's tables and the one attribute of each one's key."""

_BATCH = 25


def client_of(endpoint: str) -> Any:
    return session_with_credentials().create_client("dynamodb", region_name="eu-west-1", endpoint_url=endpoint)


def make_table(client: Any, name: str, key: str) -> None:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def put_all(client: Any, name: str, items: Iterable[Item]) -> None:
    puts = [{"PutRequest": {"Item": encode_item(item)}} for item in items]
    for start in range(0, len(puts), _BATCH):
        client.batch_write_item(RequestItems={name: puts[start : start + _BATCH]})


@contextmanager
def legacy_tables(endpoint: str, prefix: str, content: Mapping[str, Iterable[Item]]) -> Iterator[BaseClient]:
    """Make the former backend's tables of that prefix, with this content; delete them in the end."""
    with closing(client_of(endpoint)) as client:
        for name, key in KEYS.items():
            make_table(client, prefix + name, key)
            put_all(client, prefix + name, content.get(name, ()))
        yield client
        for name in KEYS:
            client.delete_table(TableName=prefix + name)
