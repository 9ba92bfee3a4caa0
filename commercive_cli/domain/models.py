"""The records of the five documented tables (seed document, section 1) and of the `ops` table.

Times are integer milliseconds since the Unix epoch, money is USD. Fields without a value are left out.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from commercive_cli.domain.attributes import Attribute, Kind
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

Id = Annotated[str, Attribute(Kind.ID)]
Person = Annotated[str, Attribute(Kind.PERSON)]
Choice = Annotated[str, Attribute(Kind.CHOICE)]
Text = Annotated[str, Attribute(Kind.TEXT)]
PersonalText = Annotated[str, Attribute(Kind.TEXT, personal=True)]
PersonalEmail = Annotated[str, Attribute(Kind.EMAIL, personal=True)]
Time = Annotated[int, Attribute(Kind.TIME)]
ChangeTime = Annotated[int, Attribute(Kind.TIME, ordering=True)]
Count = Annotated[int, Attribute(Kind.COUNT)]
Flag = Annotated[bool, Attribute(Kind.FLAG)]
Amount = Annotated[Money, Attribute(Kind.AMOUNT, state=True)]
Total = Annotated[Money, Attribute(Kind.TOTAL)]
State = Annotated[dict[str, str | Money], Attribute(Kind.OBJECT)]


class Record(BaseModel):
    """One stored item. Attributes that the model does not know are ignored on reading."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)
    internal: ClassVar[Mapping[str, Attribute]] = {}
    """Attributes that are stored beside the fields and never shown."""

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

    conversation_id: Id
    user_id: Person
    store_url: PersonalText = ""
    status: Annotated[ConversationStatus, Attribute(Kind.CHOICE, state=True)]
    created_at: Time
    updated_at: ChangeTime
    last_message: Text = ""
    unread_admin: Count = 0
    unread_user: Count = 0
    last_message_at: Time | None = None
    last_message_id: Id | None = None
    waiting_since: Time | None = None
    closed_at: Time | None = None
    closed_by: Person | None = None

    @property
    def waits_since(self) -> int | None:
        """Return the time since which the user waits for an answer, None when nobody waits or it is closed."""
        return self.waiting_since if self.status == "open" else None


class Message(Record):
    """One message; within a conversation `created_at` strictly increases. Only `is_read = false` counts as unread."""

    message_id: Id
    conversation_id: Id
    sender_type: Annotated[SenderType, Attribute(Kind.CHOICE)]
    sender_id: Person
    message_text: Text
    created_at: ChangeTime
    is_read: Flag = True


class Lead(Record):
    """A prospect that came through an affiliate's link, and what an admin decided about it."""

    lead_id: Id
    affiliate_id: Person
    link_id: Id
    status: Annotated[LeadStatus, Attribute(Kind.CHOICE, state=True)]
    lead_name: PersonalText = ""
    lead_email: PersonalEmail = ""
    lead_phone: PersonalText = ""
    product_link: PersonalText = ""
    order_volume: Choice = ""
    pending_orders: Text = ""
    commission_amount: Amount | None = None
    admin_notes: PersonalText | None = None
    reviewed_by: Person | None = None
    reviewed_at: Time | None = None
    created_at: Time
    updated_at: ChangeTime


class AffiliateLink(Record):
    """A tracking link: the code in `?ref=` and the affiliate whom it credits."""

    affiliate_id: Person
    link_id: Id
    affiliate_email: PersonalEmail = ""
    affiliate_url: Text = ""
    store_url: PersonalText = ""
    created_at: Time
    updated_at: Time


class AffiliateStats(Record):
    """Counts and the sum of commissions over one affiliate's leads. `version` counts the writes."""

    internal: ClassVar[Mapping[str, Attribute]] = {"version": Attribute(Kind.COUNT)}

    affiliate_id: Person
    total_leads: Count = 0
    approved_leads: Count = 0
    pending_leads: Count = 0
    rejected_leads: Count = 0
    total_commission: Total = Decimal("0.00")
    last_updated: Time = 0

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

    at: ChangeTime
    actor: Person
    event: Choice
    subject: Id
    before: State
    after: State


class RequestClaim(Record):
    """A request key that was used, and the answer that the request got; it is valid until `expires_at`."""

    fingerprint: Text
    answer: Annotated[dict[str, Any], Attribute(Kind.OBJECT)]
    created_at: Time
    expires_at: Annotated[int, Attribute(Kind.SECONDS)]


class LinkClaim(Record):
    """The affiliate to whom a link code belongs, or the primary link of an affiliate and store."""

    affiliate_id: Person
    link_id: Id
    created_at: Time | None = None


OPS_RECORDS: dict[str, type[Record]] = {
    "audit": AuditRow,
    "request": RequestClaim,
    "link": LinkClaim,
    "primary": LinkClaim,
}
"""The record that an item of the `ops` table holds, by the part of its partition key before the first `#`."""
