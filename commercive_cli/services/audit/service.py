"""Runs every check over the six tables, and the stats last, when the leads are right."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

from commercive_cli.domain.answers.affiliates import Recomputed
from commercive_cli.domain.answers.audit import Audit, Finding
from commercive_cli.domain.clock import Clock, Sleep, system_clock
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.text import actor_id
from commercive_cli.services.access.scan import OnItems, ignore_items, scan_pages
from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.audit.audit_log import AuditLogCheck
from commercive_cli.services.audit.check import Check, Repairs
from commercive_cli.services.audit.conversations import ConversationCheck
from commercive_cli.services.audit.duplicates import DuplicateIdCheck
from commercive_cli.services.audit.leads import LeadCheck
from commercive_cli.services.audit.link_dangers import LinkDangerCheck
from commercive_cli.services.audit.links import LinkCheck
from commercive_cli.services.audit.malformed import MalformedCheck
from commercive_cli.services.audit.messages import MessageTimeCheck
from commercive_cli.services.audit.orphan_leads import OrphanLeadCheck
from commercive_cli.services.audit.request_claims import RequestClaimCheck
from commercive_cli.services.audit.snoozes import SnoozeCheck
from commercive_cli.services.audit.times import ChangeTimeCheck
from commercive_cli.store.dry_run import DryRun
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table

ORDER = (OPS, LEADS, MESSAGES, CONVERSATIONS, AFFILIATE_LINKS)
"""Checks meet claims and audit rows before their subjects, and messages before their conversations.

Leads come before messages, so that memory holds less at once.
"""


_AT_ONCE = 200
"""Items that one check after the other looks at: so few are still in the processor's cache for the next one."""


@dataclass(frozen=True)
class AuditService:
    """Proves that the books are right, or says where they are not and repairs that."""

    READS: ClassVar = (*ORDER, *RecomputeService.READS)
    """The tables that are read, leads twice."""

    store: Store
    clock: Clock = system_clock
    new_id: NewId = new_id
    sleep: Sleep = time.sleep

    def run(self, actor: str, *, fix: bool = False, on_items: OnItems = ignore_items) -> Audit:
        """Check every invariant while the store goes on working; with `fix`, repair each breach where it stands.

        Memory grows with the number of conversations, links, request claims and audited subjects, not of messages.
        """
        by = actor_id(actor)
        store = self.store if fix else DryRun(self.store)
        repairs = Repairs(store, self.clock, self.new_id, by, fix)
        checks: list[Check] = [
            ChangeTimeCheck(self.clock),  # before any row is written behind the time of a change
            AuditLogCheck(),
            MessageTimeCheck(self.clock),
            ConversationCheck(),
            SnoozeCheck(),
            LeadCheck(),
            LinkCheck(),
            OrphanLeadCheck(),  # behind the check of links, which drops claims that have none
            RequestClaimCheck(),
            DuplicateIdCheck(),
            LinkDangerCheck(),
        ]
        shapes = MalformedCheck()
        checked = {
            table.name: scan_pages(self.store, table, visitor(table, shapes, checks), on_items) for table in ORDER
        }
        findings = list(chain(shapes.findings(repairs), *(check.findings(repairs) for check in checks)))
        recomputed = RecomputeService(store, self.clock, self.new_id, self.sleep).all(by, on_items=on_items)
        checked[AFFILIATE_STATS.name] = recomputed.checked
        return Audit(checked=checked, findings=findings + list(_stats_findings(repairs, recomputed.changed)))


def visitor(table: Table, shapes: MalformedCheck, checks: Sequence[Check]) -> Callable[[list[Item]], None]:
    """Return what shows items of a table to every check that looks at this table, but for those that are malformed."""
    visits = [check.visit for check in checks if table in check.tables]

    def show(items: list[Item]) -> None:
        for start in range(0, len(items), _AT_ONCE):
            sound = shapes.sound(table, items[start : start + _AT_ONCE])
            for visit in visits:
                visit(table, sound)

    return show


def _stats_findings(repairs: Repairs, changed: list[Recomputed]) -> Iterator[Finding]:
    for each in changed:
        before, after = each.before.item(), each.after.item()
        wrong = [f"{n} is {before[n]}, not {after[n]}" for n in before if before[n] != after[n] and n != "last_updated"]
        yield repairs.finding("stats", AFFILIATE_STATS, each.affiliate_id, "; ".join(wrong) or "cannot be read")
