"""Runs every check over the six tables, and the stats last, when the leads are right."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from commercive_cli.domain.answers import Audit, Finding, Recomputed
from commercive_cli.domain.clock import Clock, Sleep, system_clock
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.text import identifier
from commercive_cli.services.audit.check import Bench, Check
from commercive_cli.services.audit.conversations import ConversationCheck
from commercive_cli.services.audit.leads import LeadCheck
from commercive_cli.services.audit.links import LinkCheck
from commercive_cli.services.audit.messages import MessageTimeCheck
from commercive_cli.services.audit.orphans import OrphanCheck
from commercive_cli.services.audit.requests import RequestCheck
from commercive_cli.services.audit.shapes import ShapeCheck
from commercive_cli.services.audit.trail import TrailCheck
from commercive_cli.services.audit.twins import TwinCheck
from commercive_cli.services.recompute import RecomputeService
from commercive_cli.services.sweep import sweep_pages
from commercive_cli.store.guards import Rehearsal
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import (
    AFFILIATE_LINKS,
    AFFILIATE_STATS,
    CONVERSATIONS,
    LEADS,
    MESSAGES,
    OPS,
    Table,
)

ORDER = (OPS, LEADS, MESSAGES, CONVERSATIONS, AFFILIATE_LINKS)
"""Checks meet claims and audit rows before their subjects, and messages before their conversations.

Leads come before messages, so that memory holds less at once.
"""


@dataclass(frozen=True)
class AuditService:
    """Proves that the books are right, or says where they are not and repairs that."""

    store: Store
    clock: Clock = system_clock
    new_id: NewId = new_id
    sleep: Sleep = time.sleep

    def run(self, actor: str, *, fix: bool = False) -> Audit:
        """Check every invariant while the store goes on working; with `fix`, repair each breach where it stands.

        Memory grows with the number of conversations, links, request claims and audited subjects, not of messages.
        """
        by = identifier(actor, "actor")
        store = self.store if fix else Rehearsal(self.store)
        bench = Bench(store, self.clock, self.new_id, by, fix)
        checks: list[Check] = [
            TrailCheck(),
            MessageTimeCheck(),
            ConversationCheck(),
            LeadCheck(),
            LinkCheck(),
            OrphanCheck(),  # behind the check of links, which drops claims that have none
            RequestCheck(),
            TwinCheck(),
        ]
        shapes = ShapeCheck()
        checked = {table.name: sweep_pages(self.store, table, visitor(table, shapes, checks)) for table in ORDER}
        findings = list(chain(shapes.findings(bench), *(check.findings(bench) for check in checks)))
        recomputed = RecomputeService(store, self.clock, self.new_id, self.sleep).all(by)
        checked[AFFILIATE_STATS.name] = recomputed.checked
        return Audit(checked=checked, findings=findings + list(_stats_findings(bench, recomputed.changed)))


def visitor(table: Table, shapes: ShapeCheck, checks: Sequence[Check]) -> Callable[[list[Item]], None]:
    """Return what shows items of a table to every check that looks at this table, but for those that are malformed."""
    visits = [check.visit for check in checks if table in check.tables]

    def show(items: list[Item]) -> None:
        sound = shapes.sound(table, items)
        for visit in visits:
            visit(table, sound)

    return show


def _stats_findings(bench: Bench, changed: list[Recomputed]) -> Iterator[Finding]:
    for each in changed:
        before, after = each.before.item(), each.after.item()
        wrong = [f"{n} is {before[n]}, not {after[n]}" for n in before if before[n] != after[n] and n != "last_updated"]
        yield bench.finding("stats", AFFILIATE_STATS, each.affiliate_id, "; ".join(wrong) or "cannot be read")
