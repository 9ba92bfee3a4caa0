"""Random transactions have the same results on every engine as on a model made of `holds` and `applied`."""

from decimal import Decimal
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commercive_cli.domain.errors import Damaged, Invalid
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import MESSAGES
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
    applied,
    holds,
)
from tests.contract.samples import message_key, read

IDS = ("x", "y", "z")
NAMES = st.sampled_from(["a", "b", "c"])
NUMBERS = st.one_of(st.integers(-3, 3), st.decimals(-3, 3, places=1).map(lambda d: d if d % 1 else int(d)))
ORDERED = NUMBERS | st.sampled_from(["", "a", "b"])
VALUES = ORDERED | st.booleans() | st.none() | st.lists(st.integers(0, 1), max_size=2)

SIMPLE: st.SearchStrategy[Condition] = st.one_of(
    st.just(Absent()),
    st.just(Exists()),
    st.builds(Missing, NAMES),
    st.builds(Equals, NAMES, VALUES),
    st.builds(Below, NAMES, ORDERED),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    SIMPLE,
    lambda inner: st.lists(inner, max_size=3).flatmap(lambda each: st.sampled_from([All(*each), AnyOf(*each)])),
    max_leaves=5,
)


@st.composite
def writes(draw: st.DrawFn, message_id: str) -> Write:
    """Draw one write to the message of that id; the test fills in the partition."""
    when = draw(st.none() | CONDITIONS)
    key = message_key("", message_id)
    match draw(st.sampled_from(["put", "update", "update", "delete", "check"])):
        case "put":
            return Put(MESSAGES, key | draw(st.dictionaries(NAMES, VALUES)), when)
        case "delete":
            return Delete(MESSAGES, key, when)
        case "check":
            return Check(MESSAGES, key, when or Exists())
    parts: dict[str, dict[str, object]] = {"set": {}, "default": {}, "add": {}, "remove": {}}
    for name in draw(st.lists(NAMES, min_size=1, unique=True)):
        part = draw(st.sampled_from(sorted(parts)))
        parts[part][name] = draw(NUMBERS if part == "add" else VALUES)
    return Update(MESSAGES, key, parts["set"], parts["default"], parts["add"], tuple(parts["remove"]), when)


TRANSACTIONS = st.lists(st.sampled_from(IDS), min_size=1, unique=True).flatmap(
    lambda ids: st.tuples(*(writes(message_id) for message_id in ids))
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(history=st.lists(TRANSACTIONS, min_size=1, max_size=6))
def test_transactions_do_what_the_model_does(concurrent_store: Store, history: list[tuple[Write, ...]]) -> None:
    """Services may rely on `holds` and `applied`: engines store, fail and refuse exactly what these say."""
    partition = uuid4().hex
    model: dict[str, Item] = {}

    for transaction in history:
        writes_here = [_in_partition(write, partition) for write in transaction]
        outcome = _outcome(concurrent_store, writes_here)

        assert _expected(model, writes_here) == outcome
        assert model == {each: item for each in IDS if (item := read(concurrent_store, partition, each)) is not None}


def _in_partition(write: Write, partition: str) -> Write:
    match write:
        case Put():
            return Put(write.table, write.item | {"conversation_id": partition}, write.when)
        case Update():
            key = write.key | {"conversation_id": partition}
            return Update(write.table, key, write.set, write.default, write.add, write.remove, write.when)
        case Delete():
            return Delete(write.table, write.key | {"conversation_id": partition}, write.when)
        case Check():
            return Check(write.table, write.key | {"conversation_id": partition}, write.when)


def _outcome(store: Store, transaction: list[Write]) -> str | dict[int, Item | None]:
    try:
        store.transact(*transaction)
    except ConditionFailed as failed:
        return failed.failures
    except (Damaged, Invalid) as refused:
        return type(refused).__name__
    return "done"


def _expected(model: dict[str, Item], transaction: list[Write]) -> str | dict[int, Item | None]:
    """Change the model as the transaction would change a store, and return its outcome."""
    olds = [model.get(write.key["message_id"]) for write in transaction]
    failures = {
        at: old for at, (write, old) in enumerate(zip(transaction, olds, strict=True)) if not holds(write.when, old)
    }
    if failures:
        return failures
    if any(_adds_to_a_non_number(write, old) for write, old in zip(transaction, olds, strict=True)):
        return "Damaged"
    for write, old in zip(transaction, olds, strict=True):
        new = applied(write, old)
        model.pop(write.key["message_id"], None)
        if new is not None:
            model[write.key["message_id"]] = new
    return "done"


def _adds_to_a_non_number(write: Write, old: Item | None) -> bool:
    added_to = [(old or {}).get(name, 0) for name in write.add] if isinstance(write, Update) else []
    return any(isinstance(each, bool) or not isinstance(each, int | Decimal) for each in added_to)
