"""Leads: visitors submit them through an affiliate's link, admins decide them, the affiliate's stats count them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from commercive_cli.domain.answers.leads import LeadDecided, LeadHistory, LeadSubmitted
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.commissions import Bound
from commercive_cli.domain.errors import NotTaken
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.models import DecidedStatus, Lead
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import actor_id, identifier
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.stored_ids import StoredIds
from commercive_cli.services.leads.approval import UNGUARDED, ApprovalRules, Approver, Permission
from commercive_cli.services.leads.decision import (
    EVENTS,
    NOTE,
    ApprovalPreview,
    Decision,
    money_state,
    new_decision,
    new_note,
)
from commercive_cli.services.leads.form import lead_fields
from commercive_cli.services.leads.reading import LeadReader
from commercive_cli.services.records.audit_log import AuditEntry, read_audit_log
from commercive_cli.services.records.change_times import behind, times_of
from commercive_cli.services.records.idempotency import (
    KeyedRequest,
    answer_found,
    keyed,
    nothing_to_do,
    once,
    write_once,
)
from commercive_cli.services.records.link_claims import Credited, claim_keys, codes_typed, credited_by
from commercive_cli.services.records.rate_limits import UNLIMITED, Limits, TooMany
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS, OPS
from commercive_cli.store.writes import Absent, All, Put, Update, Write

_CLAIM = 2
"""The place of the request's claim among the writes of a new lead."""

_DECIDED_BY = ("status", "commission_amount", "updated_at", "created_at", "affiliate_id")
"""What a decision depends on."""


@dataclass(frozen=True)
class LeadService(LeadReader):
    """The operations of visitors and admins on leads. Times are milliseconds, money is USD.

    No approval gives what the `bounds` refuse.
    """

    clock: Clock = system_clock
    new_id: NewId = new_id
    bounds: Sequence[Bound] = ()

    def submit(
        self,
        link_id: str,
        lead_data: object,
        *,
        key: str | None = None,
        limits: Callable[[str], Limits] = lambda _code: UNLIMITED,
    ) -> LeadSubmitted:
        """Store a pending lead for the affiliate behind a link code, and count it.

        `lead_data` maps what `lead_fields` reads. A repetition with the same `key` within 7 days returns the first
        answer, also at a limit, and is not counted. `limits` are those of the link code. Raises Invalid, NotFound for
        an unknown code, Conflict for a key used for another request, TooMany.
        """
        fields = lead_fields(lead_data)
        for _ in range(TRIES):
            at = self.clock()
            credited, counted = self._resolved(link_id, limits, at)
            request = None
            if key is not None:
                body = (credited.link_id, *(fields[name] for name in sorted(fields)))
                # By the code, which stays what it is when an erasure moves its link while somebody sends a form again.
                request = KeyedRequest("affiliate/submit-lead", credited.link_id, identifier(key, "key"), body)
            if stored := self._store_lead(credited, fields, request, counted, at):
                return stored
        raise NotTaken("the lead was not stored; send it again")

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
        revision: str | None = None,
        objection: str | None = None,
        key: str | None = None,
        approver: Approver | None = None,
    ) -> LeadDecided:
        """Approve or reject a lead; `changed` is False when it already has this decision, and these words with it.

        `commission` (USD, text, int or Decimal) is needed to approve; `reason` is for rejections only. Another decision
        is a Conflict unless `amend`.
        `as_of` is the lead's `updated_at` that the admin saw, `revision` its revision: a lead that changed since is a
        Conflict. So is one that is not decided so already, with the `objection` as message. A repeated `key` (7 days)
        gets the first answer. Raises Forbidden for an approval or another amount above the ceiling, or of a
        lead of one's own; `approver` says what is known of the actor beyond the id.
        """
        wanted = new_decision(decision, commission, notes, reason, amend=amend, as_of=as_of)
        wanted = replace(wanted, revision=revision, objection=objection)
        return self._decide(lead_id, wanted, actor, "admin/approve-lead", key, approver)

    def preview(self, lead_id: str, commission: object, actor: str, *, amend: bool = False) -> ApprovalPreview | None:
        """Return what an approval would do, None where it changes no money; raise what the approval would raise."""
        decision = new_decision("approved", commission, None, None, amend=amend)
        lead = self.lead(lead_id).require(*_DECIDED_BY)
        if decision.stands(lead) or not decision.changes(lead):
            return None
        self._permission(lead, decision, Approver(actor_id(actor)))
        total = self._stats(lead).total_commission
        return ApprovalPreview(lead, total, total + decision.deltas(lead).get("total_commission", 0))

    def reset(self, lead_id: str, actor: str, *, revision: str | None = None, key: str | None = None) -> LeadDecided:
        """Take a decision back: the lead is pending again and its commission is no longer counted.

        A lead that is decided, and not as it was at a `revision`, is a Conflict. A repeated `key` (7 days) gets the
        first answer.
        """
        return self._decide(lead_id, Decision("pending", amend=True, revision=revision), actor, "leads/reset", key)

    def note(
        self, lead_id: str, notes: object, actor: str, *, revision: str | None = None, key: str | None = None
    ) -> LeadDecided:
        """Store the admins' notes of a pending lead, in place of earlier ones; a decided one is a Conflict.

        So is a lead that changed since its `revision`. A repeated `key` (7 days) gets the first answer.
        """
        return self._decide(lead_id, replace(new_note(notes), revision=revision), actor, "leads/note", key)

    def history(self, lead_id: str) -> LeadHistory:
        """Return the audit rows of a lead, oldest first, and the words of its decision."""
        lead = self.lead(lead_id)
        rows = list(read_audit_log(self.store, "lead", lead.lead_id))
        return LeadHistory(history=rows, rejection_reason=lead.rejection_reason, admin_notes=lead.admin_notes)

    def _resolved(self, link_id: str, limits: Callable[[str], Limits], at: int) -> tuple[Credited, Limits]:
        """Return whom a code credits, and the code's limits; they are read with its claim."""
        codes = codes_typed(link_id)
        keys = [*claim_keys(codes), *(key for code in codes for key in limits(code).keys(at))]
        distinct = {(key["pk"], key["sk"]): key for key in keys}
        items = self.store.batch_get(OPS, list(distinct.values())) if distinct else []
        claims = {item["pk"]: item for item in items}
        credited = credited_by(self.store, link_id, claim_of=lambda key: claims.get(key["pk"]))
        return credited, limits(credited.link_id).having_read(items)

    def _store_lead(
        self,
        credited: Credited,
        fields: dict[str, str],
        request: KeyedRequest | None,
        limits: Limits,
        at: int,
    ) -> LeadSubmitted | None:
        """Store a lead for whom its code credits, if it still does; return None when it was not stored."""
        lead_id = self.new_id(at)
        lead: dict[str, Any] = {
            "lead_id": lead_id,
            "affiliate_id": credited.affiliate_id,
            "link_id": credited.link_id,
            "status": "pending",
            "created_at": at,
            "updated_at": at,
            **fields,
        }
        writes: list[Write] = [
            Put(LEADS, lead, when=Absent()),
            Update(
                AFFILIATE_STATS,
                {"affiliate_id": credited.affiliate_id},
                set={"last_updated": at},
                add={"total_leads": 1, "pending_leads": 1, "version": 1},
            ),
        ]
        if request is not None:
            writes.append(request.claim(at, {"lead_id": lead_id}))
        try:
            limits.transact(self.store, self.clock, *writes, credited.check)
        except (ConditionFailed, TooMany) as refused:
            repeated = answer_found(self.store, at, request, refused.failures.get(_CLAIM), LeadSubmitted)
            if repeated:
                return repeated
            if isinstance(refused, TooMany):
                raise
            return None
        return LeadSubmitted(lead_id=lead_id)

    def _decide(
        self,
        lead_id: str,
        decision: Decision,
        actor: str,
        action: str,
        key: str | None,
        approver: Approver | None = None,
    ) -> LeadDecided:
        by, target = actor_id(actor), StoredIds(self.store).lead(lead_id)
        request = keyed(action, by, key, target, *decision.body())

        def decide() -> LeadDecided:
            return self._decided(target, decision, by, approver or Approver(by), request)

        return once(self.store, self.clock, request, LeadDecided, decide)

    def _decided(
        self, lead_id: str, decision: Decision, by: str, approver: Approver, request: KeyedRequest | None
    ) -> LeadDecided:
        lead = self.lead(lead_id)
        for _ in range(TRIES):
            lead.require(*_DECIDED_BY)
            if not decision.changes(lead):
                same = LeadDecided(lead=lead, changed=False, ignored=decision.ignored)
                return nothing_to_do(self.store, request, self.clock(), same)
            permission = self._permission(lead, decision, approver)
            try:
                return self._write_decision(lead, decision, by, permission, request)
            except ConditionFailed as failed:
                item = failed.failures.get(0)
                lead = Lead.of(item) if item else self.lead(lead_id)
        raise NotTaken(
            f"lead {shortened(lead_id)} is being decided by others right now; nothing was written, try again"
        )

    def _permission(self, lead: Lead, decision: Decision, approver: Approver) -> Permission:
        if decision.commission is None or decision.stands(lead):
            return UNGUARDED
        return ApprovalRules(self.store, self.bounds).permit(lead, decision.commission, approver)

    def _write_decision(
        self, lead: Lead, decision: Decision, actor: str, permission: Permission, request: KeyedRequest | None
    ) -> LeadDecided:
        # `updated_at` increases with every change, so that `as_of` identifies one state of a lead.
        told = partial(times_of, self.store, "lead", lead.lead_id, lead.item())
        at = behind(lead.updated_at, self.clock(), told)
        attributes, stands = decision.attributes(lead, actor, at), decision.stands(lead)
        change = AuditEntry(
            "lead",
            lead.lead_id,
            NOTE if stands else EVENTS[decision.status],
            actor,
            money_state(lead.status, lead.commission_amount),
            money_state(decision.status, decision.commission),
        )
        kept = {name: value for name, value in lead.item().items() if name not in decision.dropped()}
        decided = LeadDecided(lead=Lead.of(kept | attributes), changed=True, ignored=decision.ignored)
        write_once(
            self.store,
            request,
            self.clock(),
            decided,
            Update(
                LEADS,
                {"lead_id": lead.lead_id, "created_at": lead.created_at},
                set=attributes,
                remove=decision.dropped(),
                when=All(decision.seen(lead), permission.lead),
            ),
            *(() if stands else (_stats_update(lead, decision, at),)),
            change.row(at, self.new_id),
            *permission.link,
        )
        return decided


def _stats_update(lead: Lead, decision: Decision, at: int) -> Update:
    key = {"affiliate_id": lead.affiliate_id}
    return Update(AFFILIATE_STATS, key, set={"last_updated": at}, add=decision.deltas(lead))
