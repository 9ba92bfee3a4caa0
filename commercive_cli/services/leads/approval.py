"""Who may approve what: nobody a lead of their own, and nobody less or more than is configured."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from commercive_cli.domain.commissions import Bound
from commercive_cli.domain.errors import Forbidden
from commercive_cli.domain.ids import usual_id
from commercive_cli.domain.models import AffiliateLink, Lead
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import alike
from commercive_cli.services.leads.decision import same
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS
from commercive_cli.store.writes import Absent, All, Check, Condition, Equals, unchanged


@dataclass(frozen=True)
class Approver:
    """Who approves, as far as it is known: an id, an e-mail address, and the ids as an affiliate.

    An id that holds an @ counts as an address, too. `affiliate_ids` is called last, as it may have to ask elsewhere.
    """

    id: str
    email: str | None = None
    affiliate_ids: Callable[[], Collection[str]] = tuple

    def has(self, address: str) -> bool:
        """Return whether an e-mail address is the approver's; case does not count."""
        return _normal(address) in self.addresses

    @property
    def addresses(self) -> frozenset[str]:
        """Return the approver's e-mail addresses as they are compared."""
        return frozenset(_normal(each) for each in (self.id, self.email or "") if "@" in each)


@dataclass(frozen=True)
class Permission:
    """What must still hold when the approval is written: of the lead, and of its affiliate's link."""

    lead: Condition
    link: tuple[Check, ...] = ()


UNGUARDED = Permission(All())
"""For what gives nobody money."""


@dataclass(frozen=True)
class ApprovalRules:
    """Decides whether somebody may approve a lead for an amount."""

    store: Store
    bounds: Sequence[Bound] = ()

    def permit(self, lead: Lead, commission: Decimal, approver: Approver) -> Permission:
        """Return what the permission depends on; raise Forbidden for a lead of one's own, and what the bounds raise.

        A lead is somebody's own when it credits them by their id or as an affiliate, or when they have its e-mail
        address or that of the link it came through. The link is read only for an approver whose address is known.
        """
        for bound in self.bounds:
            bound.check(commission)
        credited = usual_id(lead.affiliate_id)
        if credited == usual_id(approver.id):
            raise _own(lead, "it credits you")
        permission = self._by_address(lead, approver) if approver.addresses else Permission(_credits(lead))
        if credited in map(usual_id, approver.affiliate_ids()):
            raise _own(lead, "it credits you as an affiliate")
        return permission

    def _by_address(self, lead: Lead, approver: Approver) -> Permission:
        lead.require("lead_email", "link_id")
        if approver.has(lead.lead_email):
            raise _own(lead, "its e-mail address is yours")
        as_read = All(_credits(lead), same("lead_email", lead.lead_email), Equals("link_id", lead.link_id))
        return Permission(as_read, self._link_of_others(lead, approver))

    def _link_of_others(self, lead: Lead, approver: Approver) -> tuple[Check, ...]:
        if not lead.link_id:
            return ()
        key = {"affiliate_id": lead.affiliate_id, "link_id": lead.link_id}
        item = self.store.get(AFFILIATE_LINKS, key)
        if item is None:
            return (Check(AFFILIATE_LINKS, key, Absent()),)
        if approver.has(AffiliateLink.of(item).require("affiliate_email").affiliate_email):
            raise _own(lead, "the e-mail address of its affiliate is yours")
        return (Check(AFFILIATE_LINKS, key, unchanged(item, "affiliate_email")),)


def _credits(lead: Lead) -> Condition:
    return Equals("affiliate_id", lead.affiliate_id)


def _normal(address: str) -> str:
    return alike(address.strip())


def _own(lead: Lead, why: str) -> Forbidden:
    return Forbidden(
        f"lead {shortened(lead.lead_id)} is your own ({why}), and nobody approves a lead of their own; nothing was "
        "written, let another admin decide"
    )
