"""Requests of persons: to get everything that is stored about them, and to have it erased."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from commercive_cli.domain.answers.privacy import Candidate, PersonErased, PersonExported, PersonFound
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import CommerciveError, NotFound, Unavailable
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.limits import MOST_ITEMS
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import actor_id
from commercive_cli.services.access.parts import after_a_part
from commercive_cli.services.access.scan import OnItems, ignore_items, scan_items
from commercive_cli.services.privacy.candidates import CandidateSearch
from commercive_cli.services.privacy.erasure_journal import (
    JournalEntry,
    begin_erasure,
    extend_erasure,
    unfinished_erasure,
)
from commercive_cli.services.privacy.erasure_run import ORDER, ErasureRun
from commercive_cli.services.privacy.identifiers import Identifiers
from commercive_cli.services.privacy.identity import Identity, Registry
from commercive_cli.services.privacy.rules import Rules, is_internal
from commercive_cli.services.privacy.survey import Survey
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import Table

PASSES = 5
MOST_NAMED = 100

OnItem = Callable[[Table, Item], object]
"""Is called with each item that is about the person."""

Copies = Callable[[Rules], Sequence[str]]
"""Erases the person from what lies beside the store; returns, in words, what it could not change."""


@dataclass(frozen=True)
class Found:
    """A person, as the store and whoever answers for it know them; `entry` is that of an unfinished erasure."""

    term: str
    identity: Identity
    answer: PersonFound
    entry: JournalEntry | None = None

    def check_something(self, *, mentions: bool) -> None:
        """Raise NotFound when nothing is known to be theirs, only candidates; `mentions` by others count if wanted."""
        if self.entry is None and not self.answer.items and not (mentions and self.answer.mentions):
            raise NotFound(
                f"nothing is known to be of {shortened(self.term)}; {len(self.answer.candidates)} candidates may be: "
                "without --export and --erase the command lists them, --include takes one; nothing was written"
            )


@dataclass(frozen=True)
class PrivacyService:
    """Finds one person in all six tables, by what is proven theirs and what somebody who answers for it says is.

    `registry` says which ids of users and affiliates are the same person's; without it, equal ids alone are.
    """

    store: Store
    clock: Clock = system_clock
    new_id: NewId = new_id
    registry: Registry | None = None

    def find(
        self,
        who: str,
        *,
        also: Iterable[str] = (),
        include: Iterable[str] = (),
        most: int = MOST_ITEMS,
        on_items: OnItems = ignore_items,
    ) -> Found:
        """Return what is a person's, counted, and the candidates: what may be theirs. Nothing is written.

        `who` is the id of a user, affiliate or admin, an e-mail address, or a phone number that begins with +; `also`
        are more of these that are known to be the same person's, `include` the ids of candidates. Raises NotFound when
        there is nothing, Invalid for what is no candidate, and for more than `most` items.
        """
        given = Identity.of((who, *also))
        entry = unfinished_erasure(self.store, who.strip())
        known = given if entry is None else given.joined(entry.identity)
        identity, candidates = CandidateSearch(self.store, self.registry, on_items).taken(known, include)
        survey = Survey(Rules(self._identifiers(identity, entry)))
        for table in ORDER:
            scan_items(self.store, table, partial(survey.visit, table), on_items)
        if entry is None:
            unknown = [
                each for each in sorted(given.ids - survey.met) if "@" not in each and not self._is_registered(each)
            ]
            survey.check(who, unknown, candidates, most)
        answer = PersonFound(
            ids=sorted(identity.ids & survey.met),
            addresses=sorted(identity.emails),
            numbers=sorted(identity.phones),
            confirmed=self.registry is not None,
            items=dict(survey.counts),
            mentions=survey.mentions,
            candidates=candidates,
        )
        return Found(who.strip(), identity, answer, entry)

    def _is_registered(self, one: str) -> bool:
        return self.registry is not None and bool(self.registry.same_person(one).ids)

    def _identifiers(self, identity: Identity, entry: JournalEntry | None) -> Identifiers:
        return Identifiers(identity, b"" if entry is None else entry.secret)

    def export(
        self,
        who: str | Found,
        on_item: OnItem,
        *,
        also: Iterable[str] = (),
        include: Iterable[str] = (),
        on_items: OnItems = ignore_items,
    ) -> PersonExported:
        """Call `on_item` with every item of the person, in constant memory, and return how many each table has.

        These are their conversations with all messages and notes, what they wrote elsewhere, leads that are theirs,
        leads that they brought without the other person's data, links, stats, claims and audit rows. Raises as `find`.
        """
        found = who if isinstance(who, Found) else self.find(who, also=also, include=include)
        found.check_something(mentions=False)
        rules, counts = Rules(self._identifiers(found.identity, found.entry)), Counter[str]()

        def visit(table: Table, item: Item) -> None:
            rules.note_conversation(table, item)
            if not is_internal(table, item) and rules.concerns(table, item):
                on_item(table, rules.told(table, item))
                counts[table.name] += 1

        for table in ORDER:
            scan_items(self.store, table, partial(visit, table), on_items)
        items = {table.name: counts[table.name] for table in ORDER}
        return PersonExported(items=items, candidates=found.answer.candidates)

    def erase(
        self,
        who: str | Found,
        actor: str,
        *,
        also: Iterable[str] = (),
        include: Iterable[str] = (),
        copies: Copies = lambda _rules: (),
        on_items: OnItems = ignore_items,
    ) -> PersonErased:
        """Replace the person's data in every table; counters, money, claims and audit rows stay correct throughout.

        A run that was killed is resumed by a repetition with the same arguments. `copies` erases what lies beside the
        store, before the journal of the erasure is closed. Raises as `find`, and Unavailable while the person keeps
        writing.
        """
        by = actor_id(actor)
        found = who if isinstance(who, Found) else self.find(who, also=also, include=include)
        found.check_something(mentions=True)
        entry = found.entry or begin_erasure(self.store, found.term, found.identity, self.clock())
        entry = extend_erasure(self.store, entry, found.term, found.identity, self.clock())
        run = ErasureRun(self.store, self.clock, Rules(Identifiers(entry.identity, entry.secret)), on_items)
        with after_a_part(lambda: f"items erased: {run.changed.total()}" if run.changed else ""):
            return self._finish(entry, by, run, copies, found.answer.candidates)

    def _finish(
        self, entry: JournalEntry, actor: str, run: ErasureRun, copies: Copies, candidates: list[Candidate]
    ) -> PersonErased:
        for _ in range(PASSES):
            if not run.make_pass():
                break
        else:
            raise Unavailable("new items about the person keep being written; run the same command again to go on")
        beside = list(copies(run.rules))
        identifiers = run.rules.identifiers
        old = list(self.store.overwrite_old())
        if not (beside or old):  # else the same command again has to know the person
            subject = identifiers.pseudonym(min(identifiers.identity.ids, default="address"))
            row = AuditEntry("person", subject, "erase", identifiers.renamed(actor), {}, {})
            self.store.transact(entry.deletion(), row.row(self.clock(), self.new_id))
        return PersonErased(
            pseudonyms=sorted({*identifiers.pseudonyms.values()}),
            items={table.name: run.changed[table.name] for table in ORDER},
            remaining=[*beside, *old, *run.remaining][:MOST_NAMED],
            elsewhere=self._elsewhere(),
            candidates=[each for each in candidates if each.id not in identifiers.identity.taken],
        )

    def _elsewhere(self) -> list[str]:
        """Return what is out of reach, in words: copies of the tables as they were."""
        try:
            return list(self.store.archive.retained())
        except CommerciveError as error:
            return [f"backups, which could not be listed: {error.message}"]
