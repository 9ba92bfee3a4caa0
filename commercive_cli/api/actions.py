"""The table of actions, from which requests are answered and the OpenAPI document is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal

from commercive_cli.api import operations
from commercive_cli.api import parameters as p
from commercive_cli.api.auth.principal import AFFILIATE_ID, Audience, Principal
from commercive_cli.api.operations import Health, Invocation, LinkSynced
from commercive_cli.api.parameters import Model
from commercive_cli.domain.answers.affiliates import LinkCreated, LinkFound, Stats
from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.answers.chat import ConversationChanged, MarkedRead, Sent, UserMessageSent
from commercive_cli.domain.answers.leads import LeadDecided, Leads, LeadSubmitted
from commercive_cli.domain.answers.threads import Conversations, Messages, Notes

Method = Literal["GET", "POST"]


@dataclass(frozen=True)
class Action(Generic[Model]):
    """One action. `who` may call it, `call` runs it, and `answers` lists the types of its answers.

    `own` names the parameter that must be the caller's own id; admins may name anybody there when `admins_name_anyone`
    is true. `permit` raises Denied for what the other columns cannot tell. `takes_answer_token` lets in the program
    that writes automatic answers, too.
    """

    name: str
    method: Method
    params: type[Model]
    who: Audience
    call: Callable[[Invocation[Model]], Answer]
    answers: tuple[type[Answer], ...]
    summary: str
    own: str | None = None
    admins_name_anyone: bool = False
    aliases: tuple[str, ...] = ()
    permit: Callable[[Model, Principal], None] | None = None
    takes_answer_token: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name of the action, its own first."""
        return self.name, *self.aliases

    @property
    def keyed(self) -> bool:
        """Return whether a request may carry an idempotency key."""
        return issubclass(self.params, p.Keyed)

    def permitted(self, params: Model, caller: Principal) -> Model:
        """Return the parameters, with the caller's own id as the token spells it.

        Raises Denied when they name a person or a side that the caller may not act for.
        """
        if self.permit is not None:
            self.permit(params, caller)
        if self.own is None:
            return params
        named = caller.own_name(self.own, getattr(params, self.own), admins_name_anyone=self.admins_name_anyone)
        return params.model_copy(update={self.own: named})


ACTIONS: tuple[Action[Any], ...] = (
    Action(
        "chat/conversations",
        "GET",
        p.UserConversations,
        Audience.USER,
        operations.conversations,
        (Conversations,),
        "A user's conversations, newest first.",
        own="user_id",
        admins_name_anyone=True,
    ),
    Action(
        "chat/messages",
        "GET",
        p.ConversationMessages,
        Audience.USER,
        operations.messages,
        (Messages,),
        "The messages of a conversation, oldest first.",
    ),
    Action(
        "chat/send",
        "POST",
        p.UserMessage,
        Audience.USER,
        operations.send,
        (UserMessageSent,),
        "Send a user's message; without conversation_id it begins a conversation.",
        own="user_id",
    ),
    Action(
        "chat/mark-read",
        "POST",
        p.ReadMark,
        Audience.USER,
        operations.mark_read,
        (MarkedRead,),
        "Mark the other side's messages read.",
        permit=operations.admins_read_as_admins,
    ),
    Action(
        "chat/reply",
        "POST",
        p.AdminReply,
        Audience.ADMIN,
        operations.reply,
        (Sent,),
        "Send an admin's reply.",
        own="admin_id",
    ),
    Action(
        "chat/close",
        "POST",
        p.Closing,
        Audience.ADMIN,
        operations.close,
        (ConversationChanged,),
        "Close a conversation.",
        own="admin_id",
    ),
    Action(
        "chat/reopen",
        "POST",
        p.Reopening,
        Audience.ADMIN,
        operations.reopen,
        (ConversationChanged,),
        "Open a closed conversation again.",
        own="admin_id",
    ),
    Action(
        "chat/answer",
        "POST",
        p.AutomaticAnswer,
        Audience.ADMIN,
        operations.answer,
        (Sent,),
        "Write an automatic answer, unless somebody wrote since; the answer token may do that, too.",
        takes_answer_token=True,
    ),
    Action(
        "chat/notes",
        "GET",
        p.ConversationNotes,
        Audience.ADMIN,
        operations.notes,
        (Notes,),
        "The notes of the support staff about a conversation, oldest first; its user never gets them.",
    ),
    Action(
        "admin/conversations",
        "GET",
        p.StatusListing,
        Audience.ADMIN,
        operations.all_conversations,
        (Conversations,),
        "Everybody's conversations, newest first; status is open, closed or all.",
    ),
    Action(
        "affiliate/get-link",
        "GET",
        p.Affiliate,
        Audience.USER,
        operations.get_link,
        (LinkFound,),
        "An affiliate's link, or null.",
        own=AFFILIATE_ID,
        admins_name_anyone=True,
    ),
    Action(
        "affiliate/create-link",
        "POST",
        p.NewLink,
        Audience.USER,
        operations.create_link,
        (LinkCreated, LinkSynced),
        "Make an affiliate's link for a store, or return the one that is there.",
        own=AFFILIATE_ID,
        admins_name_anyone=True,
    ),
    Action(
        "affiliate/submit-lead",
        "POST",
        p.NewLead,
        Audience.PUBLIC,
        operations.submit,
        (LeadSubmitted,),
        "Submit a lead through an affiliate's link.",
        aliases=("leads/submit",),
    ),
    Action(
        "affiliate/stats",
        "GET",
        p.Affiliate,
        Audience.USER,
        operations.stats,
        (Stats,),
        "An affiliate's counts and commission.",
        own=AFFILIATE_ID,
        admins_name_anyone=True,
    ),
    Action(
        "admin/leads",
        "GET",
        p.StatusListing,
        Audience.ADMIN,
        operations.leads,
        (Leads,),
        "Leads, newest first; status is pending, approved, rejected or all.",
        aliases=("leads/list",),
    ),
    Action(
        "admin/approve-lead",
        "POST",
        p.LeadDecision,
        Audience.ADMIN,
        operations.decide,
        (LeadDecided,),
        "Approve or reject a lead.",
        own="admin_id",
    ),
    Action("health", "GET", p.Params, Audience.PUBLIC, operations.health, (Health,), "Whether the API is running."),
)

BY_NAME: Mapping[str, Action[Any]] = {name: action for action in ACTIONS for name in action.names}
