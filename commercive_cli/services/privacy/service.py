"""What a person may ask for: to see everything that is known of them, and to be forgotten."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from commercive_cli.domain.answers.privacy import PersonErased, PersonExported
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Invalid, NotFound, Unavailable
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.text import identifier, preview
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.access.scan import scan_items
from commercive_cli.services.privacy.erasure import Eraser
from commercive_cli.services.privacy.erasure_journal import JournalEntry, begin_erasure, unfinished_erasure
from commercive_cli.services.privacy.identity import Identity, identify, text_in
from commercive_cli.services.privacy.pii_matching import PIIMatcher
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.store.items import Item
from commercive_cli.store.limits import item_bytes
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Equals, Update

ORDER = (AFFILIATE_LINKS, LEADS, AFFILIATE_STATS, CONVERSATIONS, MESSAGES, OPS)
"""Links first, so that nothing new is credited to the person; owners before what they own."""

PASSES = 5
MOST_NAMED = 100
_BATCH_ITEMS = 25
_BATCH_BYTES = 1024 * 1024
_THIRD_PARTY = ("lead_name", "lead_email", "lead_phone", "product_link", "pending_orders", "admin_notes")

Keep = Callable[[Table, Item], object]
"""Takes one item that is about the person."""


@dataclass(frozen=True)
class PrivacyService:
    """Finds one person in all six tables, by id or e-mail address, and by what links and leads add to that."""

    store: Store
    clock: Clock = system_clock
    new_id: NewId = new_id

    def export(self, user_or_email: str, keep: Keep, *, also: tuple[str, ...] = ()) -> PersonExported:
        """Hand every item about the person to `keep`, in constant memory, and say how many each table has.

        Whole conversations of theirs, with the answers; what they wrote or were named in elsewhere; leads with their
        address, or with their phone number and name; links and stats; leads they brought, without the other person's
        data; claims and audit rows. `also` are more addresses, phone numbers and names to look for.
        Raises NotFound when there is nothing.
        """
        traces = PIIMatcher(identify(self.store, Identity.of((user_or_email, *also))), b"")
        counts: Counter[str] = Counter()
        for table in ORDER:
            scan_items(self.store, table, partial(_keep_traces, traces, counts, keep, table))
        if not counts:
            raise _unknown(user_or_email)
        return PersonExported(items={table.name: counts[table.name] for table in ORDER})

    def erase(self, user_or_email: str, actor: str, *, also: tuple[str, ...] = ()) -> PersonErased:
        """Replace the person in every table; counters, money, claims and audit rows stay true at every moment.

        A run that died goes on when it is repeated with the same words. Backups, exports and logs are not reached.
        Raises NotFound when there is nothing, Unavailable while the person keeps writing.
        """
        term, by = identifier(user_or_email, "USER_OR_EMAIL"), identifier(actor, "actor")
        claim = unfinished_erasure(self.store, term)
        identity = identify(self.store, Identity.of((term, *also)))
        if claim is not None:
            identity = identity.joined(claim.identity)
        run = _Run(self.store, self.clock, PIIMatcher(identity, b""))
        if claim is None and not run.finds_anything():
            raise _unknown(term)
        claim = claim or begin_erasure(self.store, term, identity, self.clock())
        return self._finish(claim, by, _Run(self.store, self.clock, PIIMatcher(identity, claim.secret)))

    def _finish(self, claim: JournalEntry, actor: str, run: "_Run") -> PersonErased:
        for _ in range(PASSES):
            if not run.make_pass():
                break
        else:
            raise Unavailable("the person keeps appearing in new places; run the same command again to go on")
        aliases = run.traces.aliases
        subject = run.traces.pseudonym(min(aliases))
        row = AuditEntry("person", subject, "erase", aliases.get(actor, actor), {}, {}).row(self.clock(), self.new_id)
        self.store.transact(claim.dropped(), row)
        return PersonErased(
            pseudonyms=sorted(aliases.values()),
            items={table.name: run.changed[table.name] for table in ORDER},
            remaining=run.remaining[:MOST_NAMED],
            namesakes=run.namesakes,
        )


@dataclass
class _Run:
    """Passes over all tables until one of them finds nothing to change."""

    store: Store
    clock: Clock
    traces: PIIMatcher
    changed: Counter[str] = field(default_factory=Counter)
    remaining: list[str] = field(default_factory=list)
    namesakes: int = 0

    def __post_init__(self) -> None:
        self._leads: set[str] = set()
        self._eraser = Eraser(self.store, self.clock, self.traces, self._leads)
        self._waiting: list[Item] = []
        self._size = 0

    def finds_anything(self) -> bool:
        """Return whether the person is anywhere at all."""
        counts: Counter[str] = Counter()
        for table in ORDER:
            scan_items(self.store, table, partial(_keep_traces, self.traces, counts, _keep_nothing, table))
            if counts:
                return True
        return False

    def make_pass(self) -> int:
        """Look at every item once and change those that show the person; return how many were changed."""
        before = self.changed.total()
        self.remaining, self.namesakes = [], 0
        for table in ORDER:
            scan_items(self.store, table, partial(self._visit, table))
            self._settle(table)
        return self.changed.total() - before

    def _visit(self, table: Table, item: Item) -> None:
        self._learn(table, item)
        if self._is_to_change(table, item):
            self._waiting.append(item)
            self._size += item_bytes(item)
            if table is AFFILIATE_LINKS or len(self._waiting) >= _BATCH_ITEMS or self._size >= _BATCH_BYTES:
                self._settle(table)
        elif self.traces.shows(item):
            self._leave(table, item)

    def _is_to_change(self, table: Table, item: Item) -> bool:
        try:
            return bool(self._eraser.writes(table, [item]))
        except Invalid:  # it points to what cannot be a key
            return True

    def _leave(self, table: Table, item: Item) -> None:
        self.remaining.append(f"{table.name} {' '.join(str(item[name]) for name in table.key_names)}")

    def _learn(self, table: Table, item: Item) -> None:
        if table is CONVERSATIONS and self.traces.is_own(table, item):
            self.traces.conversations.add(item["conversation_id"])
        elif table is LEADS:
            self.namesakes += self.traces.is_namesake(item)
            if self.traces.is_own(table, item):
                self._leads.add(item["lead_id"])

    def _settle(self, table: Table) -> None:
        """Change the items that wait; where the store refuses that, leave those that it refuses."""
        items, self._waiting, self._size = self._waiting, [], 0
        try:
            self._change(table, items)
        except Invalid:
            for item in items:
                self._change_alone(table, item)

    def _change_alone(self, table: Table, item: Item) -> None:
        try:
            self._change(table, [item])
        except Invalid:  # it would become too large, or holds what cannot be counted or pointed to
            self._leave(table, item)

    def _change(self, table: Table, items: list[Item]) -> None:
        """Change items, reading them again for as long as others change them."""
        for _ in range(TRIES):
            writes = self._eraser.writes(table, items)
            if not writes:
                return
            self._preview_again(table, items)
            try:
                self.store.transact(*writes)
            except ConditionFailed:
                found = (self.store.get(table, table.key_of(item)) for item in items)
                items = [item for item in found if item is not None]
                continue
            self.changed[table.name] += len(items)
            return
        raise Unavailable(f"{table.name} changes too fast; run the same command again to go on")

    def _preview_again(self, table: Table, items: list[Item]) -> None:
        """Cut the previews of long messages again: the cut may have gone through what is erased, or it became long.

        That comes before the messages: whoever goes on after a crash meets only those that still show the person.
        """
        for item in items if table is MESSAGES else ():
            before = text_in(item, "message_text")
            after = text_in(self.traces.without(MESSAGES, item), "message_text")
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
            except ConditionFailed:  # somebody wrote since, and with that made a new preview
                return


def _keep_nothing(_table: Table, _item: Item) -> None:
    """Let an item go."""


def _keep_traces(traces: PIIMatcher, counts: Counter[str], keep: Keep, table: Table, item: Item) -> None:
    own = traces.is_own(table, item)
    if table is CONVERSATIONS and own:
        traces.conversations.add(item["conversation_id"])
    if own or traces.without(table, item) != item:
        foreign = table is LEADS and not own
        keep(table, {name: value for name, value in item.items() if not (foreign and name in _THIRD_PARTY)})
        counts[table.name] += 1


def _unknown(term: str) -> NotFound:
    return NotFound(f"nothing in the tables is about {term}; give the id of a user or affiliate, or an e-mail address")
