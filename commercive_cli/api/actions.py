"""The table of actions: name, method, parameters, who may, service call, answer. The door and the documents read it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal

from commercive_cli.api import calls
from commercive_cli.api import params as p
from commercive_cli.api.callers import Caller, Who
from commercive_cli.api.calls import Call, Health, LinkSynced
from commercive_cli.api.params import Model
from commercive_cli.domain.answers import (
    Answer,
    ConversationChanged,
    Conversations,
    LeadDecided,
    Leads,
    LeadSubmitted,
    LinkCreated,
    LinkFound,
    MarkedRead,
    Messages,
    Sent,
    Stats,
)

Method = Literal["GET", "POST"]


@dataclass(frozen=True)
class Action(Generic[Model]):
    """One action. `answers` lists what it may answer.

    `own` names the parameter that must be the caller's own id; admins may name anybody there when `admins_name_anyone`
    is true. `permit` raises Denied for what the other columns cannot tell.
    """

    name: str
    method: Method
    params: type[Model]
    who: Who
    call: Callable[[Call[Model]], Answer]
    answers: tuple[type[Answer], ...]
    summary: str
    own: str | None = None
    admins_name_anyone: bool = False
    aliases: tuple[str, ...] = ()
    permit: Callable[[Model, Caller], None] | None = None

    @property
    def keyed(self) -> bool:
        """Return whether a request may carry a key."""
        return issubclass(self.params, p.Keyed)

    def check_permitted(self, params: Model, caller: Caller) -> None:
        """Raise Denied when the parameters name somebody, or a side, that the caller may not act for."""
        if self.own is not None:
            named = getattr(params, self.own)
            caller.check_name(self.own, named, admins_name_anyone=self.admins_name_anyone)
        if self.permit is not None:
            self.permit(params, caller)


ACTIONS: tuple[Action[Any], ...] = (
    Action(
        "chat/conversations",
        "GET",
        p.UserConversations,
        Who.USER,
        calls.conversations,
        (Conversations,),
        "A user's conversations, newest first.",
        own="user_id",
        admins_name_anyone=True,
    ),
    Action(
        "chat/messages",
        "GET",
        p.ConversationMessages,
        Who.USER,
        calls.messages,
        (Messages,),
        "The messages of a conversation, oldest first.",
    ),
    Action(
        "chat/send",
        "POST",
        p.UserMessage,
        Who.USER,
        calls.send,
        (Sent,),
        "Send a user's message; without conversation_id it begins a conversation.",
        own="user_id",
    ),
    Action(
        "chat/mark-read",
        "POST",
        p.ReadMark,
        Who.USER,
        calls.mark_read,
        (MarkedRead,),
        "Mark the other side's messages read.",
        permit=calls.admins_read_as_admins,
    ),
    Action(
        "chat/reply",
        "POST",
        p.AdminReply,
        Who.ADMIN,
        calls.reply,
        (Sent,),
        "Send an admin's reply.",
        own="admin_id",
    ),
    Action(
        "chat/close",
        "POST",
        p.Closing,
        Who.ADMIN,
        calls.close,
        (ConversationChanged,),
        "Close a conversation.",
        own="admin_id",
    ),
    Action(
        "admin/conversations",
        "GET",
        p.StatusListing,
        Who.ADMIN,
        calls.all_conversations,
        (Conversations,),
        "Everybody's conversations, newest first; status is open, closed or all.",
    ),
    Action(
        "affiliate/get-link",
        "GET",
        p.Affiliate,
        Who.USER,
        calls.get_link,
        (LinkFound,),
        "An affiliate's link, or null.",
        own="affiliate_id",
        admins_name_anyone=True,
    ),
    Action(
        "affiliate/create-link",
        "POST",
        p.NewLink,
        Who.USER,
        calls.create_link,
        (LinkCreated, LinkSynced),
        "Make an affiliate's link for a store, or return the one that is there.",
        own="affiliate_id",
        admins_name_anyone=True,
    ),
    Action(
        "affiliate/submit-lead",
        "POST",
        p.NewLead,
        Who.PUBLIC,
        calls.submit,
        (LeadSubmitted,),
        "Bring a lead through an affiliate's link.",
        aliases=("leads/submit",),
    ),
    Action(
        "affiliate/stats",
        "GET",
        p.Affiliate,
        Who.USER,
        calls.stats,
        (Stats,),
        "An affiliate's counts and commission.",
        own="affiliate_id",
        admins_name_anyone=True,
    ),
    Action(
        "admin/leads",
        "GET",
        p.StatusListing,
        Who.ADMIN,
        calls.leads,
        (Leads,),
        "Leads, newest first; status is pending, approved, rejected or all.",
        aliases=("leads/list",),
    ),
    Action(
        "admin/approve-lead",
        "POST",
        p.LeadDecision,
        Who.ADMIN,
        calls.decide,
        (LeadDecided,),
        "Approve or reject a lead.",
        own="admin_id",
    ),
    Action("health", "GET", p.Params, Who.PUBLIC, calls.health, (Health,), "Whether the API is there."),
)

BY_NAME: Mapping[str, Action[Any]] = {name: action for action in ACTIONS for name in (action.name, *action.aliases)}
