"""The parameters of each action, as models. Unknown fields are ignored, and empty ones count as missing.

Types are checked here; lengths and rules belong to the services.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.limits import DEFAULT_LIMIT, LARGEST_LIMIT
from commercive_cli.domain.models import (
    CONVERSATION_STATUSES,
    LEAD_STATUSES,
    ORDER_VOLUMES,
    SENDER_TYPES,
    DecidedStatus,
)
from commercive_cli.domain.text import EMAIL_LENGTH, NAME_LENGTH, PHONE_LENGTH, PRODUCT_LINK_LENGTH

LATEST_MS = 253_402_300_799_999
"""The last millisecond of the year 9999."""

HONEYPOT = "website"
"""A form field that people do not see, so that only programs fill it in."""

DECISIONS: dict[str, DecidedStatus] = {
    "approve": "approved",
    "reject": "rejected",
    "approved": "approved",
    "rejected": "rejected",
}
_DIGITS = 20


def _whole_number(value: object) -> object:
    """Return the number that a text of digits means; return any other value as it is, for pydantic to refuse."""
    if not isinstance(value, str) or len(value) > _DIGITS:
        return value
    digits = value.removeprefix("-")
    return int(value) if digits.isascii() and digits.isdecimal() else value


def _amount(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise PydanticCustomError("amount_type", "no amount")
    return value


Limit = Annotated[int, Field(ge=1, le=LARGEST_LIMIT), BeforeValidator(_whole_number)]
Since = Annotated[int, Field(ge=0, le=LATEST_MS, description="Milliseconds."), BeforeValidator(_whole_number)]
AsOf = Annotated[
    int | None,
    Field(
        ge=0,
        le=LATEST_MS,
        description="`updated_at` as you saw it, in milliseconds: what changed since is a conflict.",
    ),
    BeforeValidator(_whole_number),
]
Amount = Annotated[int | Decimal | str | None, BeforeValidator(_amount)]
LeadData = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "required": ["name", "email"],
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": NAME_LENGTH},
                "email": {"type": "string", "format": "email", "maxLength": EMAIL_LENGTH},
                "phone": {"type": "string", "maxLength": PHONE_LENGTH},
                "product_link": {"type": "string", "maxLength": PRODUCT_LINK_LENGTH},
                "order_volume": {"type": "string", "enum": ["", *ORDER_VOLUMES]},
                "pending_orders": {"type": ["string", "number"]},
                "business_name": {"type": "string", "maxLength": NAME_LENGTH},
                HONEYPOT: {"type": "string", "maxLength": 0, "description": "People do not see this field."},
            },
        }
    ),
]


def _check_agree(given: Sequence[tuple[str, object]]) -> None:
    """Raise Invalid when one parameter was sent under two names with different values, as one would be lost."""
    for name, value in given[1:]:
        if value != given[0][1]:
            raise Invalid(f"{given[0][0]} and {name} contradict each other; send one of them", field=name)


class Params(BaseModel):
    """The parameters of an action that takes none."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: dict[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in values.items() if value is not None and value != ""}
        for names in cls.names().values():
            _check_agree([(name, given[name]) for name in names if name in given])
        return given

    @classmethod
    def names(cls) -> dict[str, tuple[str, ...]]:
        """Return the names under which each parameter may be sent, by its own."""
        aliases = {name: field.validation_alias for name, field in cls.model_fields.items()}
        return {
            name: tuple(map(str, alias.choices)) if isinstance(alias, AliasChoices) else (name,)
            for name, alias in aliases.items()
        }

    @classmethod
    def accepted(cls) -> frozenset[str]:
        """Return every name that a request may use; what comes under any other is ignored."""
        return frozenset(name for names in cls.names().values() for name in names)


class Keyed(Params):
    """A request with an idempotency key: a repetition changes nothing and gets the first answer."""

    client_message_id: str | None = Field(default=None, description="The request's key, if it is not in a header.")


class UserConversations(Params):
    """The user whose conversations to list."""

    user_id: str
    limit: Limit | None = None
    cursor: str | None = None


class ConversationMessages(Params):
    """The messages to read."""

    conversation_id: str
    since: Since | None = None
    limit: Limit | None = None
    cursor: str | None = None


class ConversationNotes(Params):
    """The conversation whose notes to read."""

    conversation_id: str


class UserMessage(Keyed):
    """A user's message; without a conversation it begins one."""

    user_id: str
    message: str
    store_url: str = Field(default="", description="What a new conversation is about; one that exists keeps its own.")
    conversation_id: str | None = None
    request_human: bool = Field(default=False, description="The user asks for a person instead of automatic answers.")


class AdminReply(Keyed):
    """An admin's message; `if_last` is the id of the last message that the admin saw."""

    conversation_id: str
    admin_id: str
    message: str
    if_last: str | None = None


class AutomaticAnswer(Keyed):
    """What a machine answers; `if_last` is the id of the message that it answers, the last one it saw."""

    conversation_id: str
    message: str
    if_last: str


class ReadMark(Keyed):
    """The conversation to mark read, and for which side; `up_to` is the id of the last message that was seen."""

    conversation_id: str
    reader_type: str = Field(json_schema_extra={"enum": [*SENDER_TYPES]})
    up_to: str | None = None


class Closing(Keyed):
    """The conversation to close."""

    conversation_id: str
    admin_id: str | None = None
    as_of: AsOf = None


class Reopening(Keyed):
    """Which conversation to open again."""

    conversation_id: str
    admin_id: str | None = None


class StatusListing(Params):
    """The status and page of an admin's list."""

    status: str = Field(default="all", json_schema_extra={"enum": [*CONVERSATION_STATUSES, *LEAD_STATUSES, "all"]})
    limit: Limit = DEFAULT_LIMIT
    cursor: str | None = None


class Affiliate(Params):
    """The affiliate."""

    affiliate_id: str


class NewLink(Keyed):
    """The affiliate and the store of a new link."""

    affiliate_id: str
    affiliate_email: str = Field(validation_alias=AliasChoices("affiliate_email", "email"))
    store_url: str = ""


class NewLead(Keyed):
    """A prospect's form, and the code of the link that led to it."""

    link_id: str = Field(validation_alias=AliasChoices("link_id", "ref", "affiliate_link_id"))
    lead_data: LeadData = Field(validation_alias=AliasChoices("lead_data", "lead"))


class LeadDecision(Keyed):
    """An admin's decision about a lead."""

    lead_id: str
    decision: str = Field(json_schema_extra={"enum": [*DECISIONS]})
    commission_amount: Amount = Field(default=None, description="USD; needed to approve.")
    admin_notes: str | None = Field(default=None, validation_alias=AliasChoices("admin_notes", "notes"))
    rejection_reason: str | None = Field(default=None, description="Why, only when rejecting.")
    admin_id: str | None = None
    amend: bool = False
    as_of: AsOf = None

    @model_validator(mode="before")
    @classmethod
    def _one_decision(cls, values: dict[str, Any]) -> dict[str, Any]:
        given = {name: values[name] for name in ("decision", "status") if values.get(name) not in (None, "")}
        ruled = {name: DECISIONS[choose(value, tuple(DECISIONS), name)] for name, value in given.items()}
        if len(set(ruled.values())) > 1:
            raise Invalid("decision and status contradict each other", field="decision")
        return values | ({"decision": next(iter(ruled.values()))} if ruled else {})

    @classmethod
    def accepted(cls) -> frozenset[str]:
        """Return the names of the parameters, and that under which leads hold the decision."""
        return super().accepted() | {"status"}

    @property
    def decided_status(self) -> DecidedStatus:
        """Return the decision as a lead's status."""
        return DECISIONS[self.decision]


Model = TypeVar("Model", bound=Params)

_COMPLAINTS = {
    "amount_type": "must be an amount such as 25.50",
    "missing": "is missing",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be an object",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
}


def read_params(model: type[Model], values: dict[str, Any]) -> Model:
    """Return the parameters in `values`; raise Invalid naming the first field that is missing or wrong."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "the request"
        complaint = _COMPLAINTS.get(first["type"], "has the wrong type").format(**first.get("ctx", {}))
        raise Invalid(f"{field} {complaint}", field=field) from None
