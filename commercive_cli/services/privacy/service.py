"""Requests of persons: to get everything that is stored about them, and to have it erased."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from commercive_cli.domain.answers.privacy import PersonErased, PersonExported
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Damaged, Invalid, NotFound, Unavailable
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import actor_id, identifier, preview
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.access.parts import after_a_part
from commercive_cli.services.access.scan import OnItems, ignore_items, scan_items
from commercive_cli.services.privacy.erasure import Eraser
from commercive_cli.services.privacy.erasure_journal import JournalEntry, begin_erasure, unfinished_erasure
from commercive_cli.services.privacy.identity import Identity, identify, text_in
from commercive_cli.services.privacy.pii_matching import PIIMatcher
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.store.items import Item
from commercive_cli.store.limits import item_bytes
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Equals, Put, Update

ORDER = (AFFILIATE_LINKS, LEADS, AFFILIATE_STATS, CONVERSATIONS, MESSAGES, OPS)
"""Links come first, so that no new lead is credited to the person; owners come before the items they own."""

PASSES = 5
MOST_NAMED = 100
_BATCH_ITEMS = 25
_BATCH_BYTES = 1024 * 1024
_THIRD_PARTY = ("lead_name", "lead_email", "lead_phone", "product_link", "pending_orders", "admin_notes")

OnItem = Callable[[Table, Item], object]
"""Is called with each item that is about the person."""


@dataclass(frozen=True)
class PrivacyService:
    """Finds one person in all six tables: by id or e-mail address, and by what `identify` adds to these."""

    store: Store
    clock: Clock = system_clock
    new_id: NewId = new_id

    def export(
        self, user_or_email: str, on_item: OnItem, *, also: tuple[str, ...] = (), on_items: OnItems = ignore_items
    ) -> PersonExported:
        """Call `on_item` with every item about the person, in constant memory, and return how many each table has.

        These are their conversations with all messages, other items that they wrote or that name them, leads with their
        address or with their phone number and name, links, stats, leads credited to them without the other person's
        data, claims and audit rows. `also` are more addresses, phone numbers and names to look for.
        Raises NotFound when there is nothing.
        """
        matcher = PIIMatcher(identify(self.store, Identity.of((user_or_email, *also))), b"")
        counts: Counter[str] = Counter()
        for table in ORDER:
            scan_items(self.store, table, partial(_pass_on, matcher, counts, on_item, table), on_items)
        if not counts:
            raise _not_found(user_or_email)
        return PersonExported(items={table.name: counts[table.name] for table in ORDER})

    def erase(
        self, user_or_email: str, actor: str, *, also: tuple[str, ...] = (), on_items: OnItems = ignore_items
    ) -> PersonErased:
        """Replace the person's data in every table; counters, money, claims and audit rows stay correct throughout.

        A run that was killed is resumed by a repetition with the same arguments. Backups, exports and logs are not
        changed. Raises NotFound when there is nothing, Unavailable while the person keeps writing.
        """
        term, by = identifier(user_or_email, "USER_OR_EMAIL"), actor_id(actor)
        entry = unfinished_erasure(self.store, term)
        identity = identify(self.store, Identity.of((term, *also)))
        if entry is not None:
            identity = identity.joined(entry.identity)
        run = _ErasureRun(self.store, self.clock, PIIMatcher(identity, b""), on_items)
        if entry is None and not run.finds_anything():
            raise _not_found(term)
        entry = entry or begin_erasure(self.store, term, identity, self.clock())
        matcher = PIIMatcher(identity.joined(entry.identity), entry.secret)
        run = _ErasureRun(self.store, self.clock, matcher, on_items)
        with after_a_part(lambda: f"items erased: {run.changed.total()}" if run.changed else ""):
            return self._finish(entry, by, run)

    def _finish(self, entry: JournalEntry, actor: str, run: "_ErasureRun") -> PersonErased:
        for _ in range(PASSES):
            if not run.make_pass():
                break
        else:
            raise Unavailable("new items about the person keep being written; run the same command again to go on")
        pseudonyms = run.matcher.pseudonyms
        subject, by = pseudonyms[min(pseudonyms)], pseudonyms.get(actor, actor)
        row = AuditEntry("person", subject, "erase", by, {}, {}).row(self.clock(), self.new_id)
        self.store.transact(entry.deletion(), row)
        return PersonErased(
            pseudonyms=sorted({*pseudonyms.values()}),
            items={table.name: run.changed[table.name] for table in ORDER},
            remaining=run.remaining[:MOST_NAMED],
            namesakes=run.namesakes,
        )


@dataclass
class _ErasureRun:
    """Passes over all tables, repeated until a pass finds nothing to change."""

    store: Store
    clock: Clock
    matcher: PIIMatcher
    on_items: OnItems
    changed: Counter[str] = field(default_factory=Counter)
    remaining: list[str] = field(default_factory=list)
    namesakes: int = 0

    def __post_init__(self) -> None:
        self._leads: set[str] = set()
        self._eraser = Eraser(self.store, self.clock, self.matcher, self._leads)
        self._batch: list[Item] = []
        self._batch_bytes = 0

    def finds_anything(self) -> bool:
        """Return whether any item is about the person."""
        counts: Counter[str] = Counter()
        for table in ORDER:
            scan_items(self.store, table, partial(_pass_on, self.matcher, counts, _ignore, table), self.on_items)
            if counts:
                return True
        return False

    def make_pass(self) -> int:
        """Scan every table once and change the items that hold the person's data; return how many were changed."""
        before = self.changed.total()
        self.remaining, self.namesakes = [], 0
        for table in ORDER:
            scan_items(self.store, table, partial(self._visit, table), self.on_items)
            self._write_batch(table)
        return self.changed.total() - before

    def _visit(self, table: Table, item: Item) -> None:
        self._note_ids(table, item)
        if self._needs_change(table, item):
            self._batch.append(item)
            self._batch_bytes += item_bytes(item)
            if table is AFFILIATE_LINKS or len(self._batch) >= _BATCH_ITEMS or self._batch_bytes >= _BATCH_BYTES:
                self._write_batch(table)
        elif self.matcher.matches(item):
            self._report_remaining(table, item)

    def _needs_change(self, table: Table, item: Item) -> bool:
        try:
            return bool(self._eraser.writes(table, [item]))
        except Invalid:  # it refers to something by a value that cannot be a key
            return True

    def _report_remaining(self, table: Table, item: Item) -> None:
        self.remaining.append(f"{table.name} {' '.join(str(item[name]) for name in table.key_names)}")

    def _note_ids(self, table: Table, item: Item) -> None:
        if table is CONVERSATIONS and self.matcher.is_own(table, item):
            self.matcher.conversations.add(item["conversation_id"])
        elif table is LEADS:
            self.namesakes += self.matcher.is_namesake(item)
            if self.matcher.is_own(table, item):
                self._leads.add(item["lead_id"])

    def _write_batch(self, table: Table) -> None:
        """Change the items of the batch; where that is not possible, report the items as remaining."""
        items, self._batch, self._batch_bytes = self._batch, [], 0
        try:
            self._change(table, items)
        except (Invalid, Damaged):
            for item in items:
                self._change_alone(table, item)

    def _change_alone(self, table: Table, item: Item) -> None:
        try:
            self._change(table, [item])
        except (Invalid, Damaged):  # it would become too large, its new key is taken, or a value is none that counts
            self._report_remaining(table, item)

    def _change(self, table: Table, items: list[Item]) -> None:
        """Change items; read them again and retry when others changed them."""
        for _ in range(TRIES):
            writes = self._eraser.writes(table, items)
            if not writes:
                return
            self._renew_previews(table, items)
            try:
                self.store.transact(*writes)
            except ConditionFailed as failed:
                found = [self.store.get(table, table.key_of(item)) for item in items]
                if found == items and any(isinstance(writes[position], Put) for position in failed.failures):
                    raise Invalid("something else lies where the item would move to") from None
                items = [item for item in found if item is not None]
                continue
            self.changed[table.name] += len(items)
            return
        raise Unavailable(f"{table.name} changes too fast; run the same command again to go on")

    def _renew_previews(self, table: Table, items: list[Item]) -> None:
        """Renew the previews of messages where either text is too long: the cut may have gone through what is erased.

        This precedes the change of the messages, since after a crash only unchanged messages are found again.
        """
        for item in items if table is MESSAGES else ():
            before = text_in(item, "message_text")
            after = text_in(self.matcher.redact(MESSAGES, item), "message_text")
            is_cut = preview(before) != before or preview(after) != after
            if is_cut and preview(before) != preview(after):
                self._set_preview(item, preview(after))

    def _set_preview(self, message: Item, text: str) -> None:
        conversation = find_by_id(self.store, CONVERSATIONS, message["conversation_id"])
        if conversation is not None and conversation.get("last_message_id") == message["message_id"]:
            last = Equals("last_message_id", message["message_id"])
            change = Update(CONVERSATIONS, CONVERSATIONS.key_of(conversation), set={"last_message": text}, when=last)
            try:
                self.store.transact(change)
            except ConditionFailed:  # a newer message has replaced the preview
                return


def _ignore(_table: Table, _item: Item) -> None:
    """Do nothing with an item."""


def _pass_on(matcher: PIIMatcher, counts: Counter[str], on_item: OnItem, table: Table, item: Item) -> None:
    own = matcher.is_own(table, item)
    if table is CONVERSATIONS and own:
        matcher.conversations.add(item["conversation_id"])
    if own or matcher.redact(table, item) != item:
        on_item(table, _without_third_party(matcher, table, item))
        counts[table.name] += 1


def _without_third_party(matcher: PIIMatcher, table: Table, item: Item) -> Item:
    """Return an item as the person may have it: of others' leads, also those in answers, without the other's data."""
    if table is LEADS and not matcher.is_own(table, item):
        return {name: value for name, value in item.items() if name not in _THIRD_PARTY}
    answer = item.get("answer")
    if table is OPS and isinstance(answer, dict) and isinstance(answer.get("lead"), dict):
        return {**item, "answer": {**answer, "lead": _without_third_party(matcher, LEADS, answer["lead"])}}
    return item


def _not_found(term: str) -> NotFound:
    return NotFound(
        f"nothing in the tables is about {shortened(term)}; give the id of a user or affiliate, or an e-mail address"
    )
