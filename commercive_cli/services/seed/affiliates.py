"""Generates affiliates with their links, leads of every status, commissions, and stats that equal their sums."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from commercive_cli.domain.links import affiliate_url
from commercive_cli.domain.models import ORDER_VOLUMES, AffiliateLink, AffiliateStats, Lead, LeadStatus
from commercive_cli.services.leads.decision import EVENTS, money_state
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.services.records.link_claims import code_claim_key, primary_claim_key
from commercive_cli.services.seed.plan import Plan, SeededRandom, zipf_shares
from commercive_cli.store.items import Item
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, LEADS, OPS, Table

ADMIN = "admin-amira"
_FIRST = ("Ana", "Ben", "Chloé", "Dmitri", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jun", "Kofi", "Lena")
_LAST = ("Abe", "Brandt", "Costa", "Dubois", "Eriksen", "Fofana", "García", "Haas", "Ito", "Jensen", "Khan", "Novák")
_STATUSES: tuple[LeadStatus, ...] = ("pending", "approved", "rejected")


def affiliate_items(plan: Plan, dashboard_url: str) -> Iterator[tuple[Table, Item]]:
    """Yield the items of the plan's affiliates, one affiliate's at a time."""
    seeded = SeededRandom(plan, "sales")
    number = 0
    for count in zipf_shares(plan.leads, plan.affiliates, least=int(plan.leads >= plan.affiliates)):
        link = _link(seeded, dashboard_url)
        yield from _link_items(link)
        stats = AffiliateStats(affiliate_id=link.affiliate_id, last_updated=link.created_at)
        for _ in range(count):
            # The first leads take the statuses in turn, so that even a small plan has every status.
            status = _STATUSES[number % 3] if number < 9 else seeded.random.choice(_STATUSES)
            lead = _lead(seeded, plan, link, status)
            number += 1
            stats = stats.with_lead(lead.status, lead.commission_amount)
            yield from _lead_items(seeded, lead)
        yield AFFILIATE_STATS, {**stats.item(), "version": 1 + count}


def _link(seeded: SeededRandom, dashboard_url: str) -> AffiliateLink:
    affiliate_id, code, at = seeded.person(), seeded.code(), seeded.working_time()
    return AffiliateLink(
        affiliate_id=affiliate_id,
        link_id=code,
        affiliate_email=f"partner-{affiliate_id[:6]}@example.com",
        affiliate_url=affiliate_url(dashboard_url, code),
        store_url=f"shop-{affiliate_id[:4]}.myshopify.com",
        created_at=at,
        updated_at=at,
    )


def _link_items(link: AffiliateLink) -> Iterator[tuple[Table, Item]]:
    owner = {"affiliate_id": link.affiliate_id, "link_id": link.link_id, "created_at": link.created_at}
    yield AFFILIATE_LINKS, link.item()
    yield OPS, {**code_claim_key(link.link_id), **owner}
    yield OPS, {**primary_claim_key(link.affiliate_id, link.store_url), **owner}


def _lead(seeded: SeededRandom, plan: Plan, link: AffiliateLink, status: LeadStatus) -> Lead:
    at = max(link.created_at, seeded.working_time())
    first, last = seeded.random.choice(_FIRST), seeded.random.choice(_LAST)
    decided_at = at if status == "pending" else min(at + seeded.random.randrange(3_600_000, 172_800_000), plan.until)
    review: dict[str, Any] = {} if status == "pending" else {"reviewed_by": ADMIN, "reviewed_at": decided_at}
    if status == "approved":
        review["commission_amount"] = Decimal(seeded.random.randrange(500, 50_000)) / 100
    return Lead(
        lead_id=seeded.id_at(at),
        affiliate_id=link.affiliate_id,
        link_id=link.link_id,
        status=status,
        lead_name=f"{first} {last}",
        lead_email=f"{first}.{last}{seeded.random.randrange(1000)}@example.com".lower(),
        lead_phone=f"+49 151 {seeded.random.randrange(10**6, 10**7)}",
        product_link=f"https://www.example.com/item/{seeded.random.randrange(10**6)}.html",
        order_volume=seeded.random.choice(ORDER_VOLUMES),
        pending_orders=str(seeded.random.randrange(50)),
        created_at=at,
        updated_at=decided_at,
        **review,
    )


def _lead_items(seeded: SeededRandom, lead: Lead) -> Iterator[tuple[Table, Item]]:
    yield LEADS, lead.item()
    if lead.status != "pending":
        entry = AuditEntry(
            "lead",
            lead.lead_id,
            EVENTS[lead.status],
            ADMIN,
            {"status": "pending"},
            money_state(lead.status, lead.commission_amount),
        )
        yield OPS, entry.row(lead.updated_at, seeded.id_at).item
