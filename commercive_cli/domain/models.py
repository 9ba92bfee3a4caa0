"""The records of the five documented tables and the audit trail, as the seed document (section 1) shapes them.

Times are integer milliseconds since the Unix epoch, money is USD. Fields without a value are left out.
"""

from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from commercive_cli.domain.errors import Damaged
from commercive_cli.domain.money import CENT, Money

ConversationStatus = Literal["open", "closed"]
LeadStatus = Literal["pending", "approved", "rejected"]
DecidedStatus = Literal["approved", "rejected"]
SenderType = Literal["user", "admin"]

CONVERSATION_STATUSES: tuple[ConversationStatus, ...] = ("open", "closed")
LEAD_STATUSES: tuple[LeadStatus, ...] = ("pending", "approved", "rejected")
SENDER_TYPES: tuple[SenderType, ...] = ("user", "admin")
ORDER_VOLUMES = ("0", "1-5", "5-20", "20-100", "100+")


class Record(BaseModel):
    """One stored item. Attributes that the model does not know are ignored on reading."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}

    @classmethod
    def of(cls, item: dict[str, Any]) -> Self:
        """Return the record that a stored item holds; raise Damaged when the item is no such record."""
        try:
            return cls.model_validate(item)
        except ValidationError as error:
            name, *_ = cls.model_fields
            wrong = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
            raise Damaged(
                f"the stored {cls.__name__} {item.get(name)} is damaged ({wrong}); see `commercive tables audit`"
            ) from None

    def item(self) -> dict[str, Any]:
        """Return the item to store: attribute names to str, int, Decimal and bool."""
        return self.model_dump()


class Conversation(Record):
    """A support conversation of one user.

    `waiting_since` is the time of the oldest user message that no admin has answered; it is absent when none waits.
    """

    conversation_id: str
    user_id: str
    store_url: str = ""
    status: ConversationStatus
    created_at: int
    updated_at: int
    last_message: str = ""
    unread_admin: int = 0
    unread_user: int = 0
    last_message_at: int | None = None
    last_message_id: str | None = None
    waiting_since: int | None = None
    closed_at: int | None = None
    closed_by: str | None = None

    @property
    def waits_since(self) -> int | None:
        """Return since when the user waits for an answer; a closed conversation waits for none."""
        return self.waiting_since if self.status == "open" else None


class Message(Record):
    """One message; within a conversation `created_at` strictly increases. Only `is_read = false` counts as unread."""

    message_id: str
    conversation_id: str
    sender_type: SenderType
    sender_id: str
    message_text: str
    created_at: int
    is_read: bool = True


class Lead(Record):
    """A prospect that came through an affiliate's link, and what an admin decided about it."""

    lead_id: str
    affiliate_id: str
    link_id: str
    status: LeadStatus
    lead_name: str = ""
    lead_email: str = ""
    lead_phone: str = ""
    product_link: str = ""
    order_volume: str = ""
    pending_orders: str = ""
    commission_amount: Money | None = None
    admin_notes: str | None = None
    reviewed_by: str | None = None
    reviewed_at: int | None = None
    created_at: int
    updated_at: int


class AffiliateLink(Record):
    """A tracking link: the code in `?ref=` and whom it credits."""

    affiliate_id: str
    link_id: str
    affiliate_email: str = ""
    affiliate_url: str = ""
    store_url: str = ""
    created_at: int
    updated_at: int


class AffiliateStats(Record):
    """Counts and the sum of commissions over one affiliate's leads."""

    affiliate_id: str
    total_leads: int = 0
    approved_leads: int = 0
    pending_leads: int = 0
    rejected_leads: int = 0
    total_commission: Money = Decimal("0.00")
    last_updated: int = 0

    def with_lead(self, status: LeadStatus, commission: Decimal | None) -> Self:
        """Return the stats with one more lead counted in."""
        name = f"{status}_leads"
        return self.model_copy(
            update={
                "total_leads": self.total_leads + 1,
                name: getattr(self, name) + 1,
                "total_commission": self.total_commission + (commission or Decimal(0)),
            }
        )

    def counts(self) -> tuple[int, int, int, int, Decimal]:
        """Return what invariant 2 compares: total, approved, pending, rejected, commission."""
        return (
            self.total_leads,
            self.approved_leads,
            self.pending_leads,
            self.rejected_leads,
            self.total_commission.quantize(CENT),
        )


class AuditRow(Record):
    """One change of money or status: who did what, when, and from which state to which."""

    at: int
    actor: str
    event: str
    subject: str
    before: dict[str, str | Money]
    after: dict[str, str | Money]
