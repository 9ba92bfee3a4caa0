"""Leads: visitors submit them through an affiliate's link, admins decide them, the affiliate's stats count them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from commercive_cli.domain.answers.audit import History
from commercive_cli.domain.answers.leads import LeadDecided, Leads, LeadShown, LeadSubmitted
from commercive_cli.domain.choices import choose
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Damaged, NotFound, Unavailable
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.limits import DEFAULT_LIMIT
from commercive_cli.domain.models import LEAD_STATUSES, AffiliateStats, DecidedStatus, Lead
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import identifier
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.access.paging import check_limit, read_page
from commercive_cli.services.access.parallel import both
from commercive_cli.services.leads.decision import EVENTS, Decision, money_state, new_decision, unchanged_since_read
from commercive_cli.services.leads.form import lead_fields
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.records.audit_log import AuditEntry, read_audit_log
from commercive_cli.services.records.idempotency import KeyedRequest, is_valid
from commercive_cli.services.records.link_claims import resolve_code
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS, OPS
from commercive_cli.store.writes import Absent, Put, Update, Write


@dataclass(frozen=True)
class LeadService:
    """The operations of visitors and admins on leads. Times are milliseconds, money is USD."""

    store: Store
    clock: Clock = system_clock
    new_id: NewId = new_id

    def list_leads(self, wanted: LeadFilter, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Leads:
        """Return a page of 1-500 leads, newest first."""
        wanted = self._checked(wanted)
        check_limit(limit)
        found, more = read_page(self.store, wanted.feed(), Lead, limit=limit, cursor=cursor, keep=wanted.keeps)
        return Leads(leads=found, next_cursor=more)

    def _checked(self, wanted: LeadFilter) -> LeadFilter:
        choose(wanted.status, (*LEAD_STATUSES, "all"), "status")
        if wanted.affiliate_id is not None:
            identifier(wanted.affiliate_id, "affiliate")
        if wanted.link_id is None:
            return wanted
        try:
            return replace(wanted, link_id=resolve_code(self.store, wanted.link_id, "link")[1])
        except (NotFound, Damaged):  # leads can name a link that is gone, or whose claim is not readable
            return replace(wanted, link_id=identifier(wanted.link_id, "link"))

    def lead(self, lead_id: str) -> Lead:
        """Return one lead; raise NotFound when there is none."""
        item = find_by_id(self.store, LEADS, identifier(lead_id, "lead_id"))
        if item is None:
            raise NotFound(f"there is no lead {shortened(lead_id)}")
        return Lead.of(item)

    def show(self, lead_id: str) -> LeadShown:
        """Return one lead with the stats of the affiliate it credits."""
        lead = self.lead(lead_id)
        item = self.store.get(AFFILIATE_STATS, {"affiliate_id": lead.affiliate_id})
        return LeadShown(lead=lead, stats=AffiliateStats.of(item or {"affiliate_id": lead.affiliate_id}))

    def submit(
        self, link_id: str, lead_data: object, *, key: str | None = None, admit: Callable[[], object] = lambda: None
    ) -> LeadSubmitted:
        """Store a pending lead for the affiliate behind a link code, and count it.

        `lead_data` maps name, email, phone, product_link, order_volume and pending_orders. A repetition with the same
        `key` within 7 days returns the first answer. `admit` is called in parallel with the look-up of the code, and
        refuses by raising. Raises Invalid, NotFound for an unknown code, Conflict for a key used for another request.
        """
        fields = lead_fields(lead_data)
        (affiliate_id, code), _ = both(lambda: resolve_code(self.store, link_id), admit)
        request = None
        if key is not None:
            body = (code, *(fields[name] for name in sorted(fields)))
            request = KeyedRequest("affiliate/submit-lead", affiliate_id, identifier(key, "key"), body)
        return self._store_lead(affiliate_id, code, fields, request)

    def decide(
        self,
        lead_id: str,
        decision: DecidedStatus,
        actor: str,
        *,
        commission: object = None,
        notes: object = None,
        reason: object = None,
        amend: bool = False,
        as_of: int | None = None,
    ) -> LeadDecided:
        """Approve or reject a lead; `changed` is False when it already has this decision.

        `commission` (USD, text, int or Decimal) is needed to approve; `reason` is for rejections only. Another decision
        is a Conflict unless `amend`.
        `as_of` is the lead's `updated_at` that the admin saw: a lead that changed since is a Conflict.
        """
        return self._decide(lead_id, new_decision(decision, commission, notes, reason, amend=amend, as_of=as_of), actor)

    def reset(self, lead_id: str, actor: str) -> LeadDecided:
        """Take a decision back: the lead is pending again and its commission is no longer counted."""
        return self._decide(lead_id, Decision("pending", amend=True), actor)

    def history(self, lead_id: str) -> History:
        """Return the audit rows of a lead, oldest first."""
        return History(history=list(read_audit_log(self.store, "lead", self.lead(lead_id).lead_id)))

    def _store_lead(
        self, affiliate_id: str, code: str, fields: dict[str, str], request: KeyedRequest | None
    ) -> LeadSubmitted:
        at = self.clock()
        lead_id = self.new_id(at)
        lead: dict[str, Any] = {
            "lead_id": lead_id,
            "affiliate_id": affiliate_id,
            "link_id": code,
            "status": "pending",
            "created_at": at,
            "updated_at": at,
            **fields,
        }
        writes: list[Write] = [
            Put(LEADS, lead, when=Absent()),
            Update(
                AFFILIATE_STATS,
                {"affiliate_id": affiliate_id},
                set={"last_updated": at},
                add={"total_leads": 1, "pending_leads": 1, "version": 1},
            ),
        ]
        if request is not None:
            writes.append(request.claim(at, {"lead_id": lead_id}))
        try:
            self.store.transact(*writes)
        except ConditionFailed:
            return self._first_answer(request, at)
        return LeadSubmitted(lead_id=lead_id)

    def _first_answer(self, request: KeyedRequest | None, at: int) -> LeadSubmitted:
        claim = self.store.get(OPS, request.claim_key) if request else None
        if request is None or claim is None or not is_valid(claim, at):
            raise Unavailable("the lead was not stored; send it again")
        return request.first_answer(claim, LeadSubmitted)

    def _decide(self, lead_id: str, decision: Decision, actor: str) -> LeadDecided:
        by = identifier(actor, "actor")
        lead = self.lead(lead_id)
        for _ in range(TRIES):
            lead.require("status", "commission_amount", "updated_at", "created_at", "affiliate_id")
            if not decision.changes(lead):
                return LeadDecided(lead=lead, changed=False)
            try:
                return LeadDecided(lead=self._write_decision(lead, decision, by), changed=True)
            except ConditionFailed as failed:
                item = failed.failures.get(0)
                lead = Lead.of(item) if item else self.lead(lead_id)
        raise Unavailable(
            f"lead {shortened(lead_id)} is being decided by others right now; nothing was written, try again"
        )

    def _write_decision(self, lead: Lead, decision: Decision, actor: str) -> Lead:
        # `updated_at` increases with every change, so that `as_of` identifies one state of a lead.
        at = max(self.clock(), lead.updated_at + 1)
        attributes = decision.attributes(actor, at)
        change = AuditEntry(
            "lead",
            lead.lead_id,
            EVENTS[decision.status],
            actor,
            money_state(lead.status, lead.commission_amount),
            money_state(decision.status, decision.commission),
        )
        self.store.transact(
            Update(
                LEADS,
                {"lead_id": lead.lead_id, "created_at": lead.created_at},
                set=attributes,
                remove=decision.dropped(),
                when=unchanged_since_read(lead),
            ),
            Update(
                AFFILIATE_STATS,
                {"affiliate_id": lead.affiliate_id},
                set={"last_updated": at},
                add=decision.deltas(lead),
            ),
            change.row(at, self.new_id),
        )
        kept = {name: value for name, value in lead.item().items() if name not in decision.dropped()}
        return Lead.of(kept | attributes)
