# ruff: noqa: S608 - the statements are made of constants of this package
"""All that was read, in a database on disk that has no name: sorted and joined there, so that memory stays constant.

SQLite's database without a name is a file that is deleted as soon as it is open, so a killed run leaves nothing behind.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any

from commercive_cli.domain.models import AI_SENDER
from commercive_cli.services.adopt import mapping as m
from commercive_cli.services.adopt.conversion import SENDERS, Unfit, key_of, sender_of
from commercive_cli.services.adopt.values import as_text, as_time
from commercive_cli.services.chat.waiting import ANSWERING, ASKING, AUTOMATIC
from commercive_cli.store.items import Item, item_text, text_item

ADDED = "+"
"""What `source` begins with of an item that is not there, but in the quarantine file alone."""

_CACHE_KB = 16_384
_SCHEMA = """
CREATE TABLE conversations (id TEXT PRIMARY KEY, owner TEXT, text TEXT, source TEXT) WITHOUT ROWID;
CREATE TABLE messages (conversation TEXT, at INTEGER, sender TEXT, id TEXT, who TEXT, text TEXT, source TEXT);
CREATE TABLE leads (affiliate TEXT, link TEXT, at INTEGER, id TEXT, text TEXT, source TEXT);
CREATE TABLE links (affiliate TEXT, code TEXT PRIMARY KEY, at INTEGER, text TEXT, source TEXT) WITHOUT ROWID;
CREATE TABLE aside (source TEXT PRIMARY KEY, legacy TEXT, text TEXT, reason TEXT, seen INTEGER) WITHOUT ROWID;
"""
_RANK = "CASE sender " + " ".join(f"WHEN '{each}' THEN {at}" for at, each in enumerate(SENDERS)) + " ELSE 9 END"
_IS_AFFILIATE = f"substr(%s, 1, {len(m.AFFILIATE_ID)}) = '{m.AFFILIATE_ID}'"
_RESOLVED = (
    "CREATE INDEX leads_by_link ON leads (link)",
    # Who wrote a message that does not tell: the user of its conversation, the machine, or else an admin.
    f"""UPDATE messages SET sender = CASE
        WHEN who = (SELECT owner FROM conversations WHERE id = conversation) THEN '{ASKING}'
        WHEN who = '{AI_SENDER}' THEN '{AUTOMATIC}' ELSE '{ANSWERING}' END WHERE sender = ''""",
    # Whose a code is whose row does not tell: its own, where it is the id of an affiliate, or that of its first lead.
    f"""UPDATE links SET affiliate = code WHERE affiliate IS NULL AND ({_IS_AFFILIATE % "code"} OR
        code IN (SELECT affiliate FROM leads UNION SELECT affiliate FROM links))""",
    """UPDATE links SET affiliate = (SELECT affiliate FROM leads WHERE link = code AND affiliate IS NOT NULL
        ORDER BY at, id LIMIT 1) WHERE affiliate IS NULL""",
    f"INSERT OR IGNORE INTO links (affiliate, code) SELECT link, link FROM leads WHERE {_IS_AFFILIATE % 'link'}",
    """INSERT OR IGNORE INTO links (affiliate, code)
        SELECT affiliate, link FROM leads WHERE link IS NOT NULL AND affiliate IS NOT NULL ORDER BY at, id""",
    # Every affiliate's id is a code.
    """INSERT OR IGNORE INTO links (affiliate, code) SELECT affiliate, affiliate FROM
        (SELECT affiliate FROM links UNION SELECT affiliate FROM leads) WHERE affiliate IS NOT NULL""",
    "UPDATE leads SET affiliate = (SELECT affiliate FROM links WHERE code = link) WHERE affiliate IS NULL",
    "CREATE TABLE uses (code TEXT PRIMARY KEY, first INTEGER) WITHOUT ROWID",
    "INSERT INTO uses SELECT link, min(at) FROM leads WHERE link IS NOT NULL GROUP BY link",
)
"""What items do not tell themselves, found out in this order."""


def digest(text: str) -> str:
    """Return 128 bits that tell one item, or one state of several, from another."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True)
class Spooled:
    """One item as it was read, or as somebody completed it.

    `source` is then the digest of the item as it is there, with `ADDED` before it where there is none; otherwise "".
    """

    item: Item
    text: str
    source: str


@dataclass(frozen=True)
class SpooledThread:
    """A conversation, None where it is missing, and its messages with their senders in order of time."""

    conversation_id: str
    conversation: Spooled | None
    askers: int
    answerers: int
    owner: str | None
    first_at: int | None
    messages: list[tuple[Spooled, str]]


@dataclass(frozen=True)
class SpooledLink:
    """A link code: `row` is None where the former backend has none; `first_lead` is the time of its first lead."""

    code: str
    row: Spooled | None
    first_lead: int | None


class Spool:
    """What was read of a source; `latest` is the last time in it that is not behind `now` (ms).

    `on_unkeyed` is told the items that are put aside at once, since they cannot be keyed.
    """

    def __init__(self, now: int) -> None:
        self.now = now
        self.latest = 0
        self.on_unkeyed: Callable[[m.Legacy, Item], None] = lambda _legacy, _item: None
        # Threads never use it at the same time.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KB}", "temp_store = FILE"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.executescript(_SCHEMA)
        self._database.execute("BEGIN")
        self._patched = False

    def close(self) -> None:
        """Delete it."""
        self._database.close()

    def run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run a statement, for what else is kept beside the items."""
        return self._database.execute(sql, values)

    def run_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Run a statement for each of these rows of values."""
        self._database.executemany(sql, rows)

    def add(self, legacy: m.Legacy, items: list[Item]) -> None:
        """Keep items of a table, and put those aside that cannot be keyed."""
        found = (self._completed(legacy, item, item_text(item)) for item in items)
        self._keep(legacy, (each for each in found if each is not None))

    def _completed(self, legacy: m.Legacy, item: Item, text: str) -> Spooled | None:
        """Return an item as somebody completed it, or else as it is; None where it was made one of another table."""
        patch = self._patch(text) if self._patched else None
        if patch is None:
            return Spooled(item, text, "")
        made = Spooled(text_item(patch["text"]), patch["text"], patch["source"])
        return made if patch["legacy"] == legacy.name else None

    def complete(self, legacy: m.Legacy, source: str | None, text: str, reason: str) -> None:
        """Keep an item of the quarantine file, to stand in place of the one that is there; alone, without `source`."""
        self._patched = True
        added = source is None
        place = ADDED + digest(text) if source is None else source
        row = (place, legacy.name, text, "" if added else reason, added)
        self.run("INSERT OR REPLACE INTO aside VALUES (?, ?, ?, ?, ?)", *row)
        if added:
            self._keep(legacy, [Spooled(text_item(text), text, place)])

    def _patch(self, text: str) -> dict[str, str] | None:
        row = self.run("SELECT source, legacy, text FROM aside WHERE source = ?", digest(text)).fetchone()
        if row is None:
            return None
        self.run("UPDATE aside SET seen = 1, reason = '' WHERE source = ?", row[0])
        return dict(zip(("source", "legacy", "text"), row, strict=True))

    def put_aside(self, legacy: m.Legacy, spooled: Spooled, reason: str) -> None:
        """Put an item aside."""
        source = spooled.source or digest(spooled.text)
        self.run("INSERT OR REPLACE INTO aside VALUES (?, ?, ?, ?, 1)", source, legacy.name, spooled.text, reason)

    def aside(self) -> Iterator[tuple[str, str, str, str, bool]]:
        """Yield what was put aside or completed: source, table, text, reason ("" once taken), whether it is there."""
        rows = self.run("SELECT source, legacy, text, reason, seen FROM aside ORDER BY legacy, text, source")
        yield from ((*row[:4], bool(row[4])) for row in rows)

    def _keep(self, legacy: m.Legacy, items: Iterable[Spooled]) -> None:
        rows = [row for row in (self._row(legacy, spooled) for spooled in items) if row is not None]
        if not rows:
            return
        places = ",".join("?" * len(rows[0]))
        kept = self._database.executemany(f"INSERT OR IGNORE INTO {_PLACES[legacy]} VALUES ({places})", rows)
        if kept.rowcount < len(rows):
            for row in rows:
                self._keep_one_of(legacy, row)

    def _keep_one_of(self, legacy: m.Legacy, row: tuple[Any, ...]) -> None:
        """Keep one item of two with the same key, and put the other one aside."""
        place, key = _PLACES[legacy], _KEYS[legacy]
        number = 0 if legacy is m.OLD_CONVERSATIONS else 1
        found = self.run(f"SELECT text, source FROM {place} WHERE {key} = ?", row[number]).fetchone()
        first, *others = sorted((found, row[-2:]), key=_precedence)
        if first != found:
            self.run(f"DELETE FROM {place} WHERE {key} = ?", row[number])
            self.run(f"INSERT INTO {place} VALUES ({','.join('?' * len(row))})", *row)
        self._put_others_aside(legacy, first, others)

    def _put_others_aside(self, legacy: m.Legacy, first: tuple[str, str], others: Sequence[tuple[str, str]]) -> None:
        """Put aside what has the key of an item; the same item once more is nothing else."""
        for text, source in others:
            if text != first[0]:
                item = text_item(text)
                self.on_unkeyed(legacy, item)
                self.put_aside(
                    legacy, Spooled(item, text, source), f"another item has its {legacy.key}: give it its own"
                )

    def _tell_apart(self, legacy: m.Legacy) -> None:
        """Leave one item of each key in a table that takes several."""
        place = _PLACES[legacy]
        repeated = f"SELECT id FROM {place} GROUP BY id HAVING count(*) > 1"
        rows = self.run(f"SELECT id, text, source, rowid FROM {place} WHERE id IN ({repeated}) ORDER BY id").fetchall()
        for _, group in groupby(rows, itemgetter(0)):
            (_, *first, _), *others = sorted(group, key=lambda row: _precedence(row[1:3]))
            self.run_many(f"DELETE FROM {place} WHERE rowid = ?", ((row[3],) for row in others))
            self._put_others_aside(legacy, (first[0], first[1]), [row[1:3] for row in others])

    def _row(self, legacy: m.Legacy, spooled: Spooled) -> tuple[object, ...] | None:
        item = spooled.item
        try:
            row = _ROWS[legacy](item, key_of(legacy, item, spooled.text))
        except Unfit as unfit:
            self.on_unkeyed(legacy, item)
            self.put_aside(legacy, spooled, str(unfit))
            return None
        for name in ("created_at", "updated_at"):
            at = as_time(item.get(name))
            if at is not None and self.latest < at <= self.now:
                self.latest = at
        return (*row, spooled.text, spooled.source)

    def resolve(self) -> None:
        """Find out what items do not tell themselves, once all were read."""
        for legacy in (m.OLD_MESSAGES, m.OLD_LEADS):
            self._tell_apart(legacy)
        for statement in _RESOLVED:
            self.run(statement)

    def threads(self) -> Iterator[SpooledThread]:
        """Yield every conversation with its messages, and the messages that have none, by id."""
        rows = self.run(
            f"SELECT conversation, sender, who, at, text, source FROM messages ORDER BY conversation, at, {_RANK}, id"
        )
        grouped = groupby(rows, itemgetter(0))
        conversations = self.run("SELECT id, text, source FROM conversations ORDER BY id")
        following = next(grouped, None)
        for conversation_id, text, source in conversations:
            while following is not None and following[0] < conversation_id:
                yield _thread(following[0], None, list(following[1]))
                following = next(grouped, None)
            messages: list[Any] = []
            if following is not None and following[0] == conversation_id:
                messages, following = list(following[1]), None
            yield _thread(conversation_id, Spooled(text_item(text), text, source), messages)
            following = following or next(grouped, None)
        while following is not None:
            yield _thread(following[0], None, list(following[1]))
            following = next(grouped, None)

    def owner_of(self, code: str) -> str | None:
        """Return the affiliate whom a link code credits."""
        row = self.run("SELECT affiliate FROM links WHERE code = ?", code).fetchone()
        return row[0] if row else None

    def affiliates(self) -> Iterator[tuple[str, list[SpooledLink], Iterator[tuple[str, Spooled]]]]:
        """Yield every affiliate with links and leads, the latter with their ids; "" stands for nobody."""
        links = self.run(
            """SELECT coalesce(affiliate, ''), code, first, text, source FROM links LEFT JOIN uses USING (code)
            ORDER BY 1, text IS NULL, at, code"""
        )
        leads = self.run("SELECT coalesce(affiliate, ''), id, text, source FROM leads ORDER BY 1, at IS NULL, at, id")
        for affiliate, mine, his in _side_by_side(groupby(links, itemgetter(0)), groupby(leads, itemgetter(0))):
            rows = [
                SpooledLink(code, Spooled(text_item(text), text, source) if text else None, first)
                for _, code, first, text, source in mine
            ]
            yield affiliate, rows, ((key, Spooled(text_item(text), text, source)) for _, key, text, source in his)


def _side_by_side(left: Iterator[Any], right: Iterator[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the groups of both with equal keys together; both are in order of their keys."""
    ours, theirs = next(left, None), next(right, None)
    while ours is not None or theirs is not None:
        key = min(each[0] for each in (ours, theirs) if each is not None)
        has_ours, has_theirs = ours is not None and ours[0] == key, theirs is not None and theirs[0] == key
        yield key, (ours[1] if ours and has_ours else ()), (theirs[1] if theirs and has_theirs else ())
        if has_ours:
            ours = next(left, None)
        if has_theirs:
            theirs = next(right, None)


def _thread(conversation_id: str, conversation: Spooled | None, rows: list[Any]) -> SpooledThread:
    senders = [row[1] for row in rows]
    asked = [row for row in rows if row[1] == ASKING]
    return SpooledThread(
        conversation_id,
        conversation,
        askers=len(asked),
        answerers=senders.count(ANSWERING),
        owner=next((row[2] for row in asked if row[2]), None),
        first_at=next((row[3] for row in rows if row[3] is not None), None),
        messages=[(Spooled(text_item(row[4]), row[4], row[5]), row[1]) for row in rows],
    )


def _conversation_row(item: Item, key: str) -> tuple[object, ...]:
    return key, _text_or_none(item.get("user_id"))


def _message_row(item: Item, key: str) -> tuple[object, ...]:
    conversation = _text_or_none(item.get("conversation_id"))
    if conversation is None:
        raise Unfit("it belongs to no conversation: give it a conversation_id")
    who = _text_or_none(item.get("sender_id"))
    return conversation, as_time(item.get("created_at")), sender_of(item), key, who


def _lead_row(item: Item, key: str) -> tuple[object, ...]:
    at = as_time(item.get("created_at"))
    at = at if at is not None else as_time(item.get("updated_at"))
    return _text_or_none(item.get("affiliate_id")), _text_or_none(item.get("link_id")), at, key


def _link_row(item: Item, key: str) -> tuple[object, ...]:
    return _text_or_none(item.get("affiliate_id")), key, as_time(item.get("created_at"))


def _precedence(kept: Sequence[str]) -> tuple[bool, str]:
    """Return by what one of several items of a key is chosen, of text and source: what is as it is there goes first."""
    text, source = kept
    return source != "", text


def _text_or_none(value: object) -> str | None:
    return None if value is None else as_text(value) or None


_ROWS = {
    m.OLD_CONVERSATIONS: _conversation_row,
    m.OLD_MESSAGES: _message_row,
    m.OLD_LEADS: _lead_row,
    m.OLD_LINKS: _link_row,
}
_PLACES = {
    m.OLD_CONVERSATIONS: "conversations",
    m.OLD_MESSAGES: "messages",
    m.OLD_LEADS: "leads",
    m.OLD_LINKS: "links",
}
_KEYS = {m.OLD_CONVERSATIONS: "id", m.OLD_LINKS: "code"}
