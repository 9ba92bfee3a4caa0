"""Tables under our names that have another key: whatever is asked of them is refused, and nothing in them changes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache
from typing import Any
from uuid import uuid4

import pytest

from commercive_cli.domain.errors import Misconfigured, NotPermitted
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.engines.dynamodb.table_keys import ENTRY_BYTES
from commercive_cli.store.items import Item
from commercive_cli.store.limits import TRANSACTION_BYTES, check_transaction
from commercive_cli.store.port import IndexNotReady, Query
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, LEADS, MESSAGES, OPS, Attribute, Table
from commercive_cli.store.writes import Absent, AnyOf, Below, Check, Delete, Put, Update
from tests.engines.dynamodb.doubles import (
    Answer,
    ManualTime,
    Reply,
    Request,
    Watch,
    described,
    refusal,
    script,
    serving,
    store_at,
    success,
    tables_on,
)

Use = Callable[[DynamoDBStore], object]


def s(name: str) -> Attribute:
    return Attribute(name, "S")


LEAD = {"lead_id": "LEAD-1", "created_at": 5, "id": "x", "status": "pending"}
LINK = {"affiliate_id": "AFF-1", "link_id": "CODE"}
CLAIM = {"pk": "claim", "sk": "x", "expires_at": 1}
VARIANTS: dict[str, tuple[Table, Table, Item]] = {
    "one attribute less": (LEADS, Table("leads", s("lead_id")), LEAD),
    "another name": (LEADS, Table("leads", s("id"), Attribute("created_at", "N")), LEAD),
    "another type": (LEADS, Table("leads", s("lead_id"), s("created_at")), LEAD),
    "no sort key, another name": (AFFILIATE_LINKS, Table("affiliate_links", s("link_id")), LINK),
    "the other way round": (AFFILIATE_LINKS, Table("affiliate_links", s("link_id"), s("affiliate_id")), LINK),
    "one attribute more": (
        AFFILIATE_STATS,
        Table("affiliate_stats", s("affiliate_id"), s("day")),
        {"affiliate_id": "AFF-1", "day": "1"},
    ),
    "of claims": (OPS, Table("ops", s("pk")), CLAIM),
}
WRITES: dict[str, Callable[[Table, Item], Use]] = {
    "put absent": lambda table, item: lambda store: store.transact(Put(table, item, when=Absent())),
    "put": lambda table, item: lambda store: store.transact(Put(table, item)),
    "claim": lambda table, item: (
        lambda store: store.transact(Put(table, item, when=AnyOf(Absent(), Below("expires_at", 9))))
    ),
    "update": lambda table, item: lambda store: store.transact(Update(table, table.key_of(item), set={"new": 1})),
    "delete": lambda table, item: lambda store: store.transact(Delete(table, table.key_of(item))),
    "check": lambda table, item: lambda store: store.transact(Check(table, table.key_of(item), when=Absent())),
    "beside others": lambda table, item: (
        lambda store: store.transact(Put(MESSAGES, {"conversation_id": "c", "message_id": "m"}), Put(table, item))
    ),
    "100 puts": lambda table, item: (
        lambda store: store.transact(
            *(Put(table, {**item, table.partition.name: f"n{number}"}) for number in range(100))
        )
    ),
    "bulk": lambda table, item: lambda store: store.batch_put(table, [item]),
}
READS: dict[str, Callable[[Table, Item], Use]] = {
    "scan": lambda table, _: lambda store: store.scan(table),
    "segment": lambda table, _: lambda store: store.scan(table, segment=1, segments=4),
    "texts": lambda table, _: lambda store: store.scan_text(table),
    "get": lambda table, item: lambda store: store.get(table, table.key_of(item)),
    "batch_get": lambda table, item: lambda store: store.batch_get(table, [table.key_of(item)]),
    "query": lambda table, item: lambda store: store.query(Query(table, item[table.partition.name])),
}
UNSEEN = {("query", "one attribute more")}
"""A read that such a table answers as ours would: it changes nothing, and no service makes it."""

USES = [
    pytest.param(variant, use, id=f"{variant}, {name}")
    for variant in VARIANTS
    for name, use in [*WRITES.items(), *READS.items()]
    if (name, variant) not in UNSEEN
]


@pytest.fixture
def watch(real_endpoint: str) -> Watch:
    return Watch(real_endpoint)


@pytest.fixture
def store(watch: Watch) -> Iterator[DynamoDBStore]:
    """Yield a store that knows of no table, on the real server."""
    with serving(watch) as server, closing(store_at(server.url, prefix=f"f{uuid4().hex[:8]}_")) as store:
        yield store


def beside(store: DynamoDBStore, endpoint: str) -> DynamoDBStore:
    """Return the store of whoever else uses these tables."""
    return store_at(endpoint, prefix=store.prefix)


def there(variant: str) -> Item:
    """Return the item that stands in the table of a variant."""
    return {name: str(value) if variant == "another type" else value for name, value in VARIANTS[variant][2].items()}


@pytest.fixture(scope="module")
def others(real_endpoint: str) -> Iterator[Callable[[str], DynamoDBStore]]:
    """Return the store of whoever uses the tables of a variant, which are made once, since nobody may change them."""
    with ExitStack() as opened:

        @cache
        def made(variant: str) -> DynamoDBStore:
            live = VARIANTS[variant][1]
            theirs = opened.enter_context(tables_on(store_at(real_endpoint), live, MESSAGES))
            theirs.batch_put(live, [there(variant)])
            return theirs

        yield made


@pytest.mark.parametrize(("variant", "use"), USES)
def test_a_table_with_another_key_is_refused_and_not_changed(
    variant: str, use: Callable[[Table, Item], Use], others: Callable[[str], DynamoDBStore], watch: Watch
) -> None:
    """Even where an item of ours would fit in: the message names both keys and the way out, and nothing is written."""
    table, live, item = VARIANTS[variant]
    theirs = others(variant)
    with serving(watch) as server, closing(store_at(server.url, prefix=theirs.prefix)) as store:
        with pytest.raises(Misconfigured) as refused:
            use(table, {**item, "mine": "yes"})(store)

        assert [there(variant)] == theirs.scan(live).items
        assert [] == theirs.scan(MESSAGES).items
    assert [] == watch.changed
    assert f"{theirs.prefix}{table.name} is not our table (its key is " in str(refused.value)
    assert "use another prefix" in str(refused.value)


def test_a_table_found_to_be_foreign_is_looked_at_and_not_tried_again(
    store: DynamoDBStore, watch: Watch, real_endpoint: str
) -> None:
    """The second write asks what the table is now, and goes through once it is ours."""
    table, live, item = VARIANTS["one attribute less"]
    with tables_on(beside(store, real_endpoint), live):
        for _ in range(2):
            with pytest.raises(Misconfigured):
                store.transact(Put(table, item))
    with tables_on(beside(store, real_endpoint), table) as theirs:
        store.transact(Put(table, item))

        assert [item] == theirs.scan(table).items
    assert ["TransactWriteItems", *["DescribeTable"] * 3, "TransactWriteItems"] == watch.operations


@pytest.mark.parametrize("use", [*WRITES.values(), *READS.values()], ids=[*WRITES, *READS])
def test_a_missing_table_beside_one_that_is_not_ours_has_a_way_out(
    use: Callable[[Table, Item], Use], store: DynamoDBStore, watch: Watch, real_endpoint: str
) -> None:
    """The message names the other table and another prefix; creating the table would be refused."""
    _, live, _ = VARIANTS["one attribute less"]
    with tables_on(beside(store, real_endpoint), live, MESSAGES), pytest.raises(Misconfigured) as refused:
        use(OPS, CLAIM)(store)

    told = str(refused.value)
    assert f"{store.prefix}ops does not exist" in told
    assert f"{store.prefix}leads is not our table" in told
    assert "use another prefix" in told
    assert "tables create" not in told
    assert [] == watch.changed


def test_an_index_of_our_name_does_not_hide_whose_the_table_is(store: DynamoDBStore, real_endpoint: str) -> None:
    """Items that lack our key are not shown as ours."""
    live = Table("leads", s("id"), indexes=(LEADS.index("LeadStatusIndex"),))
    with tables_on(beside(store, real_endpoint), live) as theirs:
        theirs.batch_put(live, [{"id": "x", "status": "pending", "created_at": 5}])
        with pytest.raises(Misconfigured, match="is not our table"):
            store.query(Query(LEADS, "pending", index="LeadStatusIndex"))


def test_only_the_first_write_to_a_table_carries_a_check_of_its_key() -> None:
    """It costs no request, and later writes are as they were; what a server found sound is not asked again."""
    with serving(lambda _: success()) as server, closing(store_at(server.url, ManualTime())) as store:
        store.transact(Put(LEADS, LEAD), Update(AFFILIATE_STATS, {"affiliate_id": "a"}, add={"n": 1}))
        store.transact(Put(LEADS, LEAD), Put(OPS, CLAIM))
        store.transact(Put(LEADS, LEAD), Put(OPS, CLAIM))

    kinds = [[next(iter(entry)) for entry in each.parameters["TransactItems"]] for each in server.requests]
    assert [
        ["Put", "Update", "ConditionCheck", "ConditionCheck"],
        ["Put", "Put", "ConditionCheck"],
        ["Put", "Put"],
    ] == kinds
    checked = [
        entry["ConditionCheck"]["Key"]
        for each in server.requests
        for entry in each.parameters["TransactItems"]
        if "ConditionCheck" in entry
    ]
    assert [{"lead_id", "created_at"}, {"affiliate_id"}, {"pk", "sk"}] == [set(key) for key in checked]
    assert 3 == len({str(key) for key in checked})


def test_a_table_whose_items_were_queried_by_their_key_needs_no_check() -> None:
    """Such a query names both attributes of the key, so that marking 99 messages as read costs no other request."""
    message = {"conversation_id": {"S": "c"}, "message_id": {"S": "m"}}
    replies = script(success(Items=[message]), success())
    with serving(replies) as server, closing(store_at(server.url)) as store:
        store.query(Query(MESSAGES, "c"))
        store.transact(Put(MESSAGES, {"conversation_id": "c", "message_id": "m"}))

    assert ["Query", "TransactWriteItems"] == server.operations
    assert 1 == len(server.requests[1].parameters["TransactItems"])


def test_a_table_that_answers_a_read_by_key_is_looked_at_once() -> None:
    """A table with our two keys the other way round answers, too; where nothing is found, nothing is asked."""
    found = success(Item={"lead_id": {"S": "LEAD-1"}, "created_at": {"N": "5"}})
    replies = script(success(), found, described(LEADS), found)
    with serving(replies) as server, closing(store_at(server.url)) as store:
        key = {"lead_id": "LEAD-1", "created_at": 5}
        assert [None, key, key] == [store.get(LEADS, key) for _ in range(3)]

    assert ["GetItem", "GetItem", "DescribeTable", "GetItem"] == server.operations


def test_a_transaction_without_room_for_a_check_looks_at_the_table_first() -> None:
    """100 writes are as many as DynamoDB takes."""
    writes = [Put(LEADS, {**LEAD, "created_at": number}) for number in range(100)]

    def answer(request: Request) -> Any:
        return described(LEADS) if request.operation == "DescribeTable" else success()

    with serving(answer) as server, closing(store_at(server.url)) as store:
        store.transact(*writes)
        store.transact(*writes)

    assert ["DescribeTable", "TransactWriteItems", "TransactWriteItems"] == server.operations
    assert [100, 100] == [len(each.parameters["TransactItems"]) for each in server.requests[1:]]


@pytest.mark.parametrize("over", [0, 1])
def test_a_check_takes_no_more_room_than_there_is(over: int) -> None:
    """A transaction of 4 MB together with what the check may take has it; one byte more, and the table is looked at."""
    wanted = TRANSACTION_BYTES - ENTRY_BYTES + over
    share = wanted // 11
    writes = [Put(LEADS, {**LEAD, "created_at": number, "text": "x" * share}) for number in range(11)]
    excess = check_transaction(tuple(writes)) - wanted
    writes[0] = Put(LEADS, {**LEAD, "created_at": 0, "text": "x" * (share - excess)})

    def answer(request: Request) -> Any:
        return described(LEADS) if request.operation == "DescribeTable" else success()

    with serving(answer) as server, closing(store_at(server.url)) as store:
        store.transact(*writes)

    assert wanted == check_transaction(tuple(writes))
    assert [*["DescribeTable"] * over, "TransactWriteItems"] == server.operations
    assert 12 - over == len(server.requests[-1].parameters["TransactItems"])


def test_who_may_not_look_at_tables_reads_them_but_loads_nothing_in_bulk() -> None:
    """Reading what is not ours harms nobody; a bulk load into a table that nobody may look at might."""

    def answer(request: Request) -> Any:
        return refusal("AccessDeniedException") if request.operation == "DescribeTable" else success(Items=[])

    with serving(answer) as server, closing(store_at(server.url)) as store:
        assert [] == store.scan(LEADS).items
        with pytest.raises(NotPermitted, match="dynamodb:DescribeTable"):
            store.batch_put(LEADS, [LEAD])

    assert "BatchWriteItem" not in server.operations


def test_a_refusal_of_a_table_of_ours_stays_what_it_is(store: DynamoDBStore, real_endpoint: str) -> None:
    """An index that is missing is no other key: the error names it, and not somebody else's table."""
    with (
        tables_on(beside(store, real_endpoint), Table("leads", LEADS.partition, LEADS.sort)),
        pytest.raises(IndexNotReady, match=r"LeadStatusIndex of .*leads is missing"),
    ):
        store.query(Query(LEADS, "open", index="LeadStatusIndex"))


def test_behind_the_live_prefix_no_write_is_even_sent() -> None:
    """Where the backend before this one has its tables, they are looked at before the first write to them."""
    foreign = success(
        Table={
            "TableStatus": "ACTIVE",
            "KeySchema": [{"AttributeName": "lead_id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "lead_id", "AttributeType": "S"}],
        }
    )
    sent: list[str] = []

    def answer(request: Request) -> Answer:
        sent.append(request.operation)
        return foreign

    with serving(answer) as server, closing(store_at(server.url, prefix="commercive_")) as store:
        for _ in range(2):
            with pytest.raises(Misconfigured, match="commercive_leads is not our table"):
                store.transact(Put(LEADS, LEAD, when=Absent()))

    assert {"DescribeTable"} == set(sent)


def test_behind_the_live_prefix_our_own_table_is_looked_at_once() -> None:
    """Whoever made tables of ours there writes to them; a role that may not look still has the check in the write."""
    for looked in (
        described(LEADS),
        refusal("AccessDeniedException", "not authorized to perform: dynamodb:DescribeTable"),
    ):
        sent: list[str] = []

        def answer(request: Request, looked: Reply = looked, sent: list[str] = sent) -> Answer:
            sent.append(request.operation)
            return looked if request.operation == "DescribeTable" else success()

        with serving(answer) as server, closing(store_at(server.url, prefix="commercive_")) as store:
            for number in range(2):
                store.transact(Put(LEADS, {**LEAD, "lead_id": f"n{number}"}))

        assert ["DescribeTable", "TransactWriteItems", "TransactWriteItems"] == sent
