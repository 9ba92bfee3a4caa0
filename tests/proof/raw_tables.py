"""Reads the tables of a DynamoDB-compatible server, and holds them to what clients were told. Knows no code of ours."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from botocore.session import Session

Row = Mapping[str, Any]
NAMES = ("conversations", "messages", "leads", "affiliate_links", "affiliate_stats", "ops")


class Asked(Protocol):
    """What a client asked for with a key, and what it was told in the end."""

    kind: str
    key: str
    one: str
    end: str
    told: dict[str, Any]


Tables = Mapping[str, Sequence[Row]]
Violations = Iterator[str]


def read(endpoint: str, prefix: str) -> Tables:
    """Return every item of every table."""
    session = Session()
    session.set_credentials("test", "test")
    client = session.create_client("dynamodb", region_name="eu-west-1", endpoint_url=endpoint)
    scans = {name: client.get_paginator("scan").paginate(TableName=prefix + name) for name in NAMES}
    return {
        name: [{key: _plain(value) for key, value in item.items()} for page in pages for item in page["Items"]]
        for name, pages in scans.items()
    }


def _plain(value: Mapping[str, Any]) -> Any:
    """Return a value of DynamoDB's JSON as one of Python."""
    [(kind, held)] = value.items()
    match kind:
        case "N":
            return Decimal(held)
        case "L":
            return [_plain(each) for each in held]
        case "M":
            return {name: _plain(each) for name, each in held.items()}
    return held


@dataclass
class _Ends:
    """How all ended who asked with one key: those who were told something, and whether others do not know."""

    kind: str
    told: list[dict[str, Any]] = field(default_factory=list)
    unknown: bool = False


def _by_key(asked: Sequence[Asked]) -> Mapping[str, _Ends]:
    """Return the ends of each key. Who was refused may ask again later, and be told something then."""
    ends: dict[str, _Ends] = {}
    for each in asked:
        of_key = ends.setdefault(each.key, _Ends(each.kind))
        of_key.told += [each.told] if each.end == "told" else []
        of_key.unknown |= each.end == "open"
    return ends


def stored_once(tables: Tables, asked: Sequence[Asked]) -> Violations:
    """What was acknowledged is stored once, what was refused is not, and nothing is there twice."""
    stored = defaultdict(list)
    for each in tables["messages"]:
        stored[each["message_text"]].append(each["message_id"])
    for each in tables["leads"]:
        stored[each["lead_name"]].append(each["lead_id"])
    for each in tables["ops"]:
        if each["pk"].startswith("note#"):
            stored[each["text"]].append(each["note_id"])
    for key, ends in _by_key(asked).items():
        if ends.kind not in ("start", "send", "reply", "note", "submit"):
            continue
        told = {one[name] for one in ends.told for name in ("message_id", "lead_id", "note_id") if name in one}
        if (
            len(stored[key]) > 1
            or (told and told != set(stored[key]))
            or (stored[key] and not told and not ends.unknown)
        ):
            yield f"{ends.kind} {key}: {told or 'nothing'} was told, and {stored[key] or 'nothing'} is stored"


def counters_are_exact(tables: Tables, _asked: Sequence[Asked]) -> Violations:
    """A conversation counts the unread messages of each side, and names the last one."""
    threads = defaultdict(list)
    for message in tables["messages"]:
        threads[message["conversation_id"]].append(message)
    for each in tables["conversations"]:
        thread = threads.pop(each["conversation_id"])
        for side, counter in (("user", "unread_admin"), ("admin", "unread_user")):
            unread = sum(one["sender_type"] == side and one["is_read"] is False for one in thread)
            if each[counter] != unread:
                yield f"{each['conversation_id']}: {counter} is {each[counter]}, {unread} are unread"
        last = max(thread, key=lambda one: one["message_id"])
        if (each["last_message_id"], each["last_message_at"]) != (last["message_id"], last["created_at"]):
            yield f"{each['conversation_id']} names {each['last_message_id']}, the last is {last['message_id']}"
        if len({one["created_at"] for one in thread}) != len(thread):
            yield f"{each['conversation_id']}: two messages have one time"
    yield from (f"{name} has messages and is not there" for name in threads)


def stats_are_exact(tables: Tables, _asked: Sequence[Asked]) -> Violations:
    """An affiliate's stats are what the leads add up to, to the cent."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for each in tables["leads"]:
        counts = counted[each["affiliate_id"]]
        counts["total_leads"] += 1
        counts[f"{each['status']}_leads"] += 1
        if each["status"] == "approved":
            counts["total_commission"] += each["commission_amount"]
    for each in tables["affiliate_stats"]:
        wanted = counted.pop(each["affiliate_id"], Counter())
        for name in ("total_leads", "approved_leads", "pending_leads", "rejected_leads", "total_commission"):
            if each[name] != wanted[name]:
                yield f"{each['affiliate_id']}: {name} is {each[name]}, and {wanted[name]} of the leads"
    yield from (f"{name} has leads and no stats" for name in counted)


def keys_keep_the_first_answer(tables: Tables, asked: Sequence[Asked]) -> Violations:
    """A key has one claim, with the answer that everybody was told; what was refused has none."""
    claims = defaultdict(list)
    for row in tables["ops"]:
        if row["pk"].startswith("request#"):
            claims[row["sk"]].append(row["answer"])
    for key, ends in _by_key(asked).items():
        found = claims[key]
        if len(found) != bool(ends.told) and not (ends.unknown and not ends.told and len(found) == 1):
            yield f"{ends.kind} {key}: {len(ends.told)} were told of it, and it has {len(found)} claims"
        for told in ends.told if found else ():
            kept = {
                **found[0],
                **({"amount": str(found[0]["lead"]["commission_amount"])} if "lead" in found[0] else {}),
            }
            wrong = {name: value for name, value in told.items() if not _same(kept.get(name), value)}
            if wrong:
                yield f"{ends.kind} {key} was told {wrong}, and {kept} is kept"


def _same(kept: Any, told: Any) -> bool:
    return bool(kept == told) or (isinstance(kept, str) and isinstance(told, str) and _amount(kept) == _amount(told))


def _amount(text: str) -> Decimal | str:
    return Decimal(text) if text.replace(".", "", 1).isdigit() else text


def history_is_whole(tables: Tables, asked: Sequence[Asked]) -> Violations:
    """Each change of a state has its row, from the state before to the one behind it; the last one is how it is."""
    rows = defaultdict(list)
    for row in sorted(tables["ops"], key=lambda each: each["sk"]):
        if row["pk"].startswith(("audit#lead#", "audit#conversation#")):
            rows[row["subject"]].append(row)
    changes = {each.key for each in asked if each.end == "told" and each.told.get("changed")}
    unknown = {each.key for each in asked if each.end == "open"}
    made = sum(len(each) for each in rows.values())
    if not len(changes) <= made <= len(changes | unknown):
        yield f"{len(changes)} changes were acknowledged, and {made} have a row"
    for table, name in (("leads", "lead_id"), ("conversations", "conversation_id")):
        for each in tables[table]:
            yield from _broken(each[name], rows[each[name]], each)


def _broken(name: str, rows: Sequence[Row], now: Row) -> Violations:
    state = rows[0]["before"] if rows else None
    for row in rows:
        if row["before"] != state:
            yield f"{name}: {row['before']} was changed, and it was {state}"
        state = row["after"]
    if state is not None and any(now.get(part) != value for part, value in state.items()):
        yield f"{name}: the last change led to {state}, and it is {now}"


Check = Callable[[Tables, Sequence[Asked]], Violations]

CHECKS: Mapping[str, Check] = {
    "over a wire that fails, what is acknowledged is stored once": stored_once,
    "over a wire that fails, unread counters are exact": counters_are_exact,
    "over a wire that fails, stats are exact to the cent": stats_are_exact,
    "over a wire that fails, a key keeps its first answer": keys_keep_the_first_answer,
    "over a wire that fails, the history tells every change once": history_is_whole,
}
"""What is claimed, in words, and how it is checked."""
