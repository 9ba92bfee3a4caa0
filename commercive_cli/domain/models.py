"""The records of the five documented tables (seed document, section 1) and of the `ops` table.

Times are integer milliseconds since the Unix epoch, money is USD. Fields without a value are left out.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from commercive_cli.domain.attributes import UNREADABLE, Attribute, Kind, Personal, attributes_of
from commercive_cli.domain.errors import Damaged
from commercive_cli.domain.money import CENT, Money, counted_commission

ConversationStatus = Literal["open", "closed"]
LeadStatus = Literal["pending", "approved", "rejected"]
DecidedStatus = Literal["approved", "rejected"]
SenderType = Literal["user", "admin"]
"""Who counts as unread for the other side. Messages of any other sender are shown, and count nowhere."""

AI_SENDER = "ai-assistant"
"""The `sender_id` of automatic answers, whose `sender_type` is `ai`, as the former backend wrote them."""

CONVERSATION_STATUSES: tuple[ConversationStatus, ...] = ("open", "closed")
LEAD_STATUSES: tuple[LeadStatus, ...] = ("pending", "approved", "rejected")
SENDER_TYPES: tuple[SenderType, ...] = ("user", "admin")
WAITING_FOR = "admin"
"""What `waiting_for` of a conversation says while its user waits for an answer."""
SNOOZED = "snoozed"
"""What it says while the conversation is put off until a time."""
ORDER_VOLUMES = ("0", "1-5", "5-20", "20-100", "100+")

Id = Annotated[str, Attribute(Kind.ID)]
Person = Annotated[str, Attribute(Kind.PERSON)]
Choice = Annotated[str, Attribute(Kind.CHOICE)]
Text = Annotated[str, Attribute(Kind.TEXT)]
PersonalText = Annotated[str, Attribute(Kind.TEXT, personal=Personal.DATA)]
PersonalEmail = Annotated[str, Attribute(Kind.EMAIL, personal=Personal.DATA)]
Words = Annotated[str, Attribute(Kind.TEXT, personal=Personal.WORDS)]
Time = Annotated[int, Attribute(Kind.TIME)]
ConversationState = Annotated[
    str,
    Attribute(Kind.CHOICE, state=True, choices=CONVERSATION_STATUSES),
    Field(json_schema_extra={"enum": [*CONVERSATION_STATUSES]}),
]
LeadState = Annotated[
    str,
    Attribute(Kind.CHOICE, state=True, choices=LEAD_STATUSES),
    Field(json_schema_extra={"enum": [*LEAD_STATUSES]}),
]
ChangeTime = Annotated[int, Attribute(Kind.TIME, ordering=True)]
Count = Annotated[int, Attribute(Kind.COUNT, derived=True)]
DerivedWords = Annotated[str, Attribute(Kind.TEXT, personal=Personal.WORDS, derived=True)]
DerivedTime = Annotated[int, Attribute(Kind.TIME, derived=True)]
DerivedChoice = Annotated[str, Attribute(Kind.CHOICE, derived=True)]
DerivedId = Annotated[str, Attribute(Kind.ID, derived=True)]
Flag = Annotated[bool, Attribute(Kind.FLAG)]
Amount = Annotated[Money, Attribute(Kind.AMOUNT, state=True)]
Total = Annotated[Money, Attribute(Kind.TOTAL, derived=True)]
State = Annotated[dict[str, str | Money], Attribute(Kind.OBJECT)]


class Sparse(BaseModel):
    """A value whose fields are left out where they have no value."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        shown: dict[str, Any] = handler(self)
        return {name: value for name, value in shown.items() if value is not None and (value or name != "damaged")}


class Record(Sparse):
    """One stored item, as far as it can be read; whoever else wrote it may have written anything.

    `damaged` names the attributes that are missing or of another kind than declared. In their place stands the neutral
    value of the field. NULL counts as missing. Attributes that the model does not know are ignored. Of an item that
    cannot be read at all, `damaged` names UNREADABLE, too.
    """

    internal: ClassVar[Mapping[str, Attribute]] = {}
    """Attributes that are stored beside the fields and never shown."""

    owner: ClassVar[str] = ""
    """The attribute that says whose the item is; none where it is nobody's."""

    damaged: tuple[str, ...] = ()

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """Return the record that a stored item holds; whatever is wrong with it is named in `damaged`."""
        values: dict[str, Any] = {}
        damaged: list[str] = [UNREADABLE] if UNREADABLE in item else []
        for name, attribute in attributes_of(cls).items():
            value = item.get(name)
            if type(value) in attribute.kind.types and (not attribute.choices or value in attribute.choices):
                values[name] = value  # asked here, and not of the attribute, for speed: most values are good
            elif value is not None or attribute.required:
                damaged.append(name)
                values[name] = attribute.read(value)
        values["damaged"] = tuple(damaged)
        try:
            return cls.model_validate(values)
        except ValidationError as error:  # what stands within an object is of another kind
            wrong = {str(each["loc"][0]) for each in error.errors()}
            neutral = {name: attributes_of(cls)[name].neutral for name in wrong}
            return cls.model_validate({**values, **neutral, "damaged": (*damaged, *sorted(wrong))})

    def require(self, *names: str) -> Self:
        """Return the record itself; raise Damaged, naming them, when any of these attributes is damaged."""
        wrong = [name for name in (UNREADABLE, *names) if name in self.damaged]
        if wrong:
            kind, identifier = type(self).__name__, next(iter(self.model_dump(exclude={"damaged"}).values()))
            raise Damaged(
                f"{kind} {identifier} is damaged in {', '.join(wrong)}; nothing was written. "
                "Repair it: commercive tables audit --fix, or commercive tables mend"
            )
        return self

    def item(self) -> dict[str, Any]:
        """Return the item to store: attribute names to str, int, Decimal and bool."""
        return self.model_dump(exclude={"damaged"})


class Conversation(Record):
    """A support conversation of one user.

    `waiting_since` is the time of the oldest user message that nobody has answered; it is absent when none waits.
    `waiting_for` is "admin" while an open conversation waits, "snoozed" while that is put off, and absent otherwise: it
    is the key of the waiting index.
    `human_requested` says that the user asked for a person; then automatic answers do not end the waiting.
    """

    owner: ClassVar[str] = "user_id"

    conversation_id: Id
    user_id: Person
    store_url: PersonalText = ""
    status: ConversationState
    created_at: Time
    updated_at: ChangeTime
    last_message: DerivedWords = ""
    unread_admin: Count = 0
    unread_user: Count = 0
    last_message_at: DerivedTime | None = None
    last_message_id: DerivedId | None = None
    waiting_since: DerivedTime | None = None
    waiting_for: DerivedChoice | None = None
    human_requested: Flag | None = None
    closed_at: Time | None = None
    closed_by: Person | None = None

    @property
    def waits_since(self) -> int | None:
        """Return the time since which the user waits for an answer, None when nobody waits or it is closed."""
        return self.waiting_since if self.status == "open" else None


class Message(Record):
    """One message; within a conversation `created_at` strictly increases. Only `is_read = false` counts as unread."""

    owner: ClassVar[str] = "sender_id"

    message_id: Id
    conversation_id: Id
    sender_type: Choice
    sender_id: Person
    message_text: Words
    created_at: ChangeTime
    is_read: Flag = True


class Lead(Record):
    """A prospect that came through an affiliate's link, and what an admin decided about it.

    Nothing proves who filled in the form, so a lead is its own owner; that it is somebody's is for people to say.
    """

    owner: ClassVar[str] = "lead_id"

    lead_id: Id
    affiliate_id: Person
    link_id: Id
    status: LeadState
    lead_name: PersonalText = ""
    lead_email: PersonalEmail = ""
    lead_phone: PersonalText = ""
    product_link: PersonalText = ""
    order_volume: Choice = ""
    pending_orders: PersonalText = ""
    business_name: PersonalText | None = None
    commission_amount: Amount | None = None
    admin_notes: Words | None = None
    rejection_reason: Words | None = None
    reviewed_by: Person | None = None
    reviewed_at: Time | None = None
    created_at: Time
    updated_at: ChangeTime


class AffiliateLink(Record):
    """A tracking link: the code in `?ref=` and the affiliate whom it credits."""

    owner: ClassVar[str] = "affiliate_id"

    affiliate_id: Person
    link_id: Id
    affiliate_email: PersonalEmail = ""
    affiliate_url: Text = ""
    store_url: PersonalText = ""
    created_at: Time
    updated_at: Time | None = None


class AffiliateStats(Record):
    """Counts and the sum of commissions over one affiliate's leads. `version` counts the writes."""

    owner: ClassVar[str] = "affiliate_id"

    internal: ClassVar[Mapping[str, Attribute]] = {"version": Attribute(Kind.COUNT, derived=True)}

    affiliate_id: Person
    total_leads: Count = 0
    approved_leads: Count = 0
    pending_leads: Count = 0
    rejected_leads: Count = 0
    total_commission: Total = Decimal("0.00")
    last_updated: DerivedTime = 0

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """Return the stats that an item holds; a number below zero counts nothing, so it is damaged, too."""
        found = super().of(item)
        below = [name for name in _COUNTED if getattr(found, name) < 0]
        if not below:
            return found
        zeros = {name: attributes_of(cls)[name].neutral for name in below}
        return found.model_copy(update={**zeros, "damaged": (*found.damaged, *below)})

    def with_lead(self, status: str, commission: Decimal | None) -> Self:
        """Return the stats with one more lead counted in."""
        name = f"{status}_leads"
        return self.model_copy(
            update={
                "total_leads": self.total_leads + 1,
                name: getattr(self, name) + 1,
                "total_commission": self.total_commission + counted_commission(status, commission),
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


_COUNTED = ("total_leads", "approved_leads", "pending_leads", "rejected_leads", "total_commission")


class AuditRow(Record):
    """One change of money or status: who did what, when, and from which state to which."""

    owner: ClassVar[str] = "actor"

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

    owner: ClassVar[str] = "affiliate_id"

    affiliate_id: Person
    link_id: Id
    created_at: Time | None = None


class ConversationClaim(Record):
    """Who works on a conversation, since when and until when; from `until` (ms) on it is nobody's.

    `seen_at` is the time of the last change that the conversation had when it was claimed, so by the clocks of those
    who wrote in it, and not by that of who claimed. Earlier versions did not store it.
    """

    owner: ClassVar[str] = "holder"

    conversation_id: Id
    holder: Person
    until: Time
    claimed_at: Time
    expires_at: Annotated[int, Attribute(Kind.SECONDS)]
    seen_at: Time | None = None


class Note(Record):
    """What one of the support staff remarked upon a conversation; its user never gets to see it."""

    owner: ClassVar[str] = "author"

    note_id: Id
    conversation_id: Id
    author: Person
    text: Words
    created_at: Time

    def as_turn(self) -> dict[str, Any]:
        """Return the attributes of a message, for where a note stands among them: its kind of sender is its own."""
        return {
            "message_id": self.note_id,
            "conversation_id": self.conversation_id,
            "sender_type": "note",
            "sender_id": self.author,
            "message_text": self.text,
            "created_at": self.created_at,
            "damaged": self.damaged,
        }


class Snooze(Record):
    """Until when (ms) a conversation is put off; `created_at` is the conversation's, a part of its key."""

    conversation_id: Id
    created_at: Time
    waiting_since: Time
    until: Time


OPS_RECORDS: dict[str, type[Record]] = {
    "audit": AuditRow,
    "request": RequestClaim,
    "link": LinkClaim,
    "primary": LinkClaim,
    "claim": ConversationClaim,
    "held": ConversationClaim,
    "note": Note,
    "snooze": Snooze,
    "snoozes": Snooze,
}
"""The record that an item of the `ops` table holds, by the part of its partition key before the first `#`."""
