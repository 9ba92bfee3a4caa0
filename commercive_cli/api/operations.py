"""The operation of each action: one service call, with the request's parameters and the caller."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal

from commercive_cli import __version__
from commercive_cli.api import parameters as p
from commercive_cli.api.auth.principal import Audience, Principal
from commercive_cli.api.http.errors import OutsideUnavailable
from commercive_cli.api.parameters import Model
from commercive_cli.api.supabase import AffiliateTable
from commercive_cli.bootstrap import Services
from commercive_cli.domain.answers.affiliates import LinkCreated, LinkFound, Stats
from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.answers.chat import ConversationChanged, MarkedRead, Sent, UserMessageSent
from commercive_cli.domain.answers.leads import LeadDecided, Leads, LeadSubmitted
from commercive_cli.domain.answers.threads import Conversations, Messages, Notes
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import NotFound
from commercive_cli.domain.ids import new_id
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.records.rate_limits import UNLIMITED, Limits, RateLimits

MESSAGES, NEW_CONVERSATIONS = ("send", "messages"), ("conversation", "new conversations")
NEW_LINKS, READ_MARKS = ("create-link", "new links"), ("mark-read", "requests with a key")
"""The names of the limits of users, and what they limit in words."""


class Health(Answer):
    """The API is running; the store is not checked."""

    status: Literal["ok"] = "ok"
    version: str = __version__


class LinkSynced(LinkCreated):
    """A link, and whether it was written to Supabase; the answer if a Supabase project is configured."""

    supabase_synced: bool


@dataclass(frozen=True)
class Backend:
    """What actions work with: the services, the rate limits, and Supabase's table where one is configured.

    `not_synced` hears why that table could not be made to show a link.
    """

    services: Services
    rates: RateLimits
    not_synced: Callable[[str], object]
    affiliates: AffiliateTable | None = None
    clock: Clock = system_clock


@dataclass(frozen=True)
class Invocation(Generic[Model]):
    """One call of an action: its parameters, the caller, its IP address (`source`), and the request's key."""

    params: Model
    caller: Principal
    backend: Backend
    source: str = ""
    key: str | None = None

    @property
    def services(self) -> Services:
        """Return the services."""
        return self.backend.services


def conversations(call: Invocation[p.UserConversations]) -> Conversations:
    """List a user's conversations."""
    asked = call.params
    return call.services.chat.conversations(asked.user_id, limit=asked.limit, cursor=asked.cursor)


def messages(call: Invocation[p.ConversationMessages]) -> Messages:
    """List messages; users see those of their own conversations alone."""
    asked = call.params
    return call.services.chat.messages(
        asked.conversation_id, since=asked.since, limit=asked.limit, cursor=asked.cursor, owner=call.caller.owner
    )


def notes(call: Invocation[p.ConversationNotes]) -> Notes:
    """List the notes about a conversation."""
    return call.services.desk.notes(call.params.conversation_id)


def send(call: Invocation[p.UserMessage]) -> UserMessageSent:
    """Store a user's message."""
    sent = call.params
    return call.services.chat.send(
        sent.user_id,
        sent.message,
        store=sent.store_url,
        conversation_id=sent.conversation_id,
        request_human=sent.request_human,
        key=call.key,
        limits=_of_caller(call, *(NEW_CONVERSATIONS if sent.conversation_id is None else MESSAGES)),
    )


def _of_caller(call: Invocation[Model], name: str, what: str) -> Limits:
    """Return the limit of that name for whoever signed in; without a token nobody is known, and nobody limited."""
    user = call.caller.self_only
    return UNLIMITED if user is None else call.backend.rates.of_user(name, user, what)


def reply(call: Invocation[p.AdminReply]) -> Sent:
    """Store an admin's reply."""
    sent = call.params
    return call.services.chat.reply(
        sent.conversation_id, sent.admin_id, sent.message, if_last=sent.if_last, key=call.key
    )


def answer(call: Invocation[p.AutomaticAnswer]) -> Sent:
    """Store an automatic answer."""
    sent = call.params
    return call.services.chat.answer(sent.conversation_id, sent.message, if_last=sent.if_last, key=call.key)


def mark_read(call: Invocation[p.ReadMark]) -> MarkedRead:
    """Mark the other side's messages read."""
    asked, caller = call.params, call.caller
    # Reading as the user is for the user alone, even if the caller is an admin: it resets the user's counter.
    owner = caller.owner if asked.reader_type == "admin" else caller.self_only
    return call.services.chat.mark_read(
        asked.conversation_id,
        asked.reader_type,
        owner=owner,
        up_to=asked.up_to,
        actor=caller.acting(None),
        key=call.key,
        limits=_of_caller(call, *READ_MARKS),
    )


def admins_read_as_admins(asked: p.ReadMark, caller: Principal) -> None:
    """Raise Denied when the messages are to be read as admin and the caller is none."""
    if asked.reader_type == "admin":
        caller.check_role(Audience.ADMIN)


def close(call: Invocation[p.Closing]) -> ConversationChanged:
    """Close a conversation."""
    asked = call.params
    actor = call.caller.acting(asked.admin_id)
    return call.services.chat.close(asked.conversation_id, actor, as_of=asked.as_of, key=call.key)


def reopen(call: Invocation[p.Reopening]) -> ConversationChanged:
    """Open a closed conversation again."""
    asked = call.params
    return call.services.chat.reopen(asked.conversation_id, call.caller.acting(asked.admin_id), key=call.key)


def all_conversations(call: Invocation[p.StatusListing]) -> Conversations:
    """List everybody's conversations."""
    asked = call.params
    return call.services.chat.list_conversations(
        ConversationFilter(asked.status), limit=asked.limit, cursor=asked.cursor
    )


def leads(call: Invocation[p.StatusListing]) -> Leads:
    """List leads."""
    asked = call.params
    return call.services.leads.list_leads(LeadFilter(asked.status), limit=asked.limit, cursor=asked.cursor)


def decide(call: Invocation[p.LeadDecision]) -> LeadDecided:
    """Approve or reject a lead."""
    asked = call.params
    return call.services.leads.decide(
        asked.lead_id,
        asked.decided_status,
        call.caller.acting(asked.admin_id),
        commission=asked.commission_amount,
        notes=asked.admin_notes,
        reason=asked.rejection_reason,
        amend=asked.amend,
        as_of=asked.as_of,
        key=call.key,
        approver=call.caller.approver(asked.admin_id),
    )


def get_link(call: Invocation[p.Affiliate]) -> LinkFound:
    """Find an affiliate's link."""
    return call.services.affiliates.get_link(call.params.affiliate_id)


def create_link(call: Invocation[p.NewLink]) -> LinkCreated:
    """Create or find an affiliate's link, and write it to Supabase if a project is configured."""
    asked, table, synced = call.params, call.backend.affiliates, list[bool]()

    def announce(link: LinkCreated) -> None:
        if table is not None:
            synced.append(_synced(call, table, link))

    created = call.services.affiliates.create_link(
        asked.affiliate_id,
        asked.affiliate_email,
        asked.store_url,
        actor=call.caller.acting(None),
        key=call.key,
        announce=announce,
        limits=_of_caller(call, *NEW_LINKS),
    )
    if table is None:
        return created
    return LinkSynced(**created.model_dump(), supabase_synced=synced[0] if synced else _shown(call, table, created))


def _shown(call: Invocation[p.NewLink], table: AffiliateTable, created: LinkCreated) -> bool:
    """Return whether Supabase shows the link, for a repeated request, which may write no older link over a newer."""
    try:
        return any(created.affiliate_url == each.form_url for each in table.shown(created.affiliate_id))
    except OutsideUnavailable as failed:
        call.backend.not_synced(failed.message)
        return False


def _synced(call: Invocation[p.NewLink], table: AffiliateTable, created: LinkCreated) -> bool:
    """Return whether Supabase shows the link, too; when it could not, it is told again with the next request."""
    try:
        # Their own row has the caller's id as Supabase spells it; of others only our spelling is known.
        owner = call.caller.owner
        if owner is None:
            table.set_form_url(created.affiliate_id, created.affiliate_url)
        else:
            table.set_form_url(call.params.affiliate_id, created.affiliate_url, user_id=owner)
    except NotFound:  # whose text repeats an id as it was typed, which no log may
        call.backend.not_synced("the affiliate has no row there")
        return False
    except OutsideUnavailable as failed:
        call.backend.not_synced(failed.message)
        return False
    return True


def submit(call: Invocation[p.NewLead]) -> LeadSubmitted:
    """Store a lead within the rate limits; a form with the honeypot filled in gets an answer but is not stored."""
    asked, source = call.params, call.source
    if asked.lead_data.get(p.HONEYPOT):
        return LeadSubmitted(lead_id=new_id(call.backend.clock()))
    return call.services.leads.submit(
        asked.link_id,
        asked.lead_data,
        key=call.key,
        limits=lambda code: call.backend.rates.lead(source, code),
    )


def stats(call: Invocation[p.Affiliate]) -> Stats:
    """Return an affiliate's stats."""
    return call.services.affiliates.stats(call.params.affiliate_id)


def health(_call: Invocation[p.Params]) -> Health:
    """Return that the API is running."""
    return Health()
