"""Items as texts, which exports write: equal items have equal texts on every engine."""

from decimal import Decimal

from commercive_cli.store.items import AttributeValue, Item, TextItem, encode_item, encoded_text, item_text, text_item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, OPS, Table


def texts(store: Store, table: Table) -> dict[tuple[object, ...], str]:
    """Return the text of every item by its key."""
    found = {}
    for segment in range(3):
        start = None
        while True:
            page = store.scan_text(table, segment=segment, segments=3, start=start)
            found.update({tuple(key): text for text, *key in page.rows})
            start = page.next
            if start is None:
                break
    return found


def test_a_scan_of_texts_returns_each_item_once(store: Store, partition: str) -> None:
    """Each item is returned once, with its key; its text is read back as the item, and is equal on every engine."""
    items: list[Item] = [
        {
            "pk": partition,
            "sk": f"{number:04}",
            "z": Decimal("1.50"),
            "a": [number, {"y": None, "x": True}],
            "text": "é\n\u2028",
        }
        for number in range(5)
    ]
    store.batch_put(OPS, items)
    found = {key: text for key, text in texts(store, OPS).items() if key[0] == partition}

    assert {(partition, item["sk"]): item_text(item) for item in items} == found
    assert items == [text_item(text) for _, text in sorted(found.items())]


def test_a_scan_of_texts_has_several_pages(store: Store, partition: str) -> None:
    """Five items of 300 KB do not fit into one page, and all are returned."""
    items = [{"pk": partition, "sk": str(number), "text": "x" * 300_000} for number in range(5)]
    store.batch_put(OPS, items)

    assert [str(number) for number in range(5)] == sorted(
        str(key[1]) for key in texts(store, OPS) if key[0] == partition
    )


def test_tables_without_a_sort_key_have_texts_too(store: Store, partition: str) -> None:
    """In a table without a sort key, a text is returned with a key of one value."""
    store.batch_put(AFFILIATE_STATS, [{"affiliate_id": partition, "total_commission": Decimal("10.00")}])

    expected = f'"affiliate_id":{{"S":"{partition}"}},"total_commission":{{"N":"10"}}'

    assert f"{{{expected}}}" == texts(store, AFFILIATE_STATS)[(partition,)]


def test_an_item_with_its_text_is_stored_like_any_other(store: Store, partition: str) -> None:
    """Imports may pass an item with its text, so that it is not encoded again."""
    item = {"pk": partition, "sk": "1", "n": Decimal("0.10")}
    store.batch_put(OPS, [TextItem(item, item_text(item))])

    assert item == store.get(OPS, {"pk": partition, "sk": "1"})


def test_all_spellings_of_a_number_have_one_text() -> None:
    """12.50 and 12.5, or 1E+2 and 100, give the same text, nested or not."""
    spelled: dict[str, AttributeValue] = {
        "a": {"N": "12.50"},
        "b": {"L": [{"N": "1E+2"}]},
        "c": {"N": "-0"},
        "d": {"N": "007"},
    }

    assert item_text({"a": Decimal("12.5"), "b": [100], "c": 0, "d": 7}) == encoded_text(spelled)
    assert encode_item(text_item(encoded_text(spelled))) == encode_item(
        {"a": Decimal("12.5"), "b": [100], "c": 0, "d": 7}
    )
