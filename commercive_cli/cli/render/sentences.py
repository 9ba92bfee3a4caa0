"""The screens of answers that are one sentence: what was done, or that nothing was to be done."""

from collections.abc import Callable
from typing import Any

from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.lead_screens import amount_of
from commercive_cli.domain.answers.affiliates import EmailSet, FormURLSet, LinkCreated
from commercive_cli.domain.answers.chat import (
    Claimed,
    ConversationChanged,
    MarkedRead,
    Noted,
    Released,
    Sent,
    Snoozed,
)
from commercive_cli.domain.answers.leads import LeadDecided, LeadSubmitted

Draw = Callable[[Display, Any, Asked], None]
DONE = "✓ "


def _drawn(words: Callable[[Display, Any], str]) -> Draw:
    """Return the screen of an answer that is one sentence: what was done, or that nothing was to be done."""

    def draw(display: Display, answer: Any, _: Asked) -> None:
        text = words(display, answer)
        done = len(DONE) if text.startswith(DONE) else 0
        display.sentence((text[:done], "good"), text[done:])

    return draw


def _sent(display: Display, answer: Sent) -> str:
    at = display.moments.in_thread(answer.created_at)
    return f"{DONE}Sent to conversation {display.id(answer.conversation_id)}, {at}"


def _changed(display: Display, answer: ConversationChanged) -> str:
    which = f"Conversation {display.id(answer.conversation_id)}"
    return (
        f"{DONE}{which} is {answer.status}"
        if answer.changed
        else f"{which} was {answer.status} before; nothing changed"
    )


def _noted(display: Display, answer: Noted) -> str:
    return f"{DONE}Noted about conversation {display.id(answer.conversation_id)}; its user never gets to see it"


def _snoozed(display: Display, answer: Snoozed) -> str:
    until = display.moments.until(answer.until)
    return f"{DONE}Conversation {display.id(answer.conversation_id)} is put off until {until}, or until its user writes"


def _claimed(display: Display, answer: Claimed) -> str:
    until = display.moments.until(answer.until)
    return f"{DONE}Conversation {display.id(answer.conversation_id)} is held by {answer.holder} until {until}"


def _released(display: Display, answer: Released) -> str:
    which = f"onversation {display.id(answer.conversation_id)}"
    return f"{DONE}C{which} is released" if answer.changed else f"Nobody held c{which}; nothing changed"


def _marked(display: Display, answer: MarkedRead) -> str:
    messages = "1 message" if answer.marked == 1 else f"{answer.marked:,} messages"
    return f"{DONE}{messages} of conversation {display.id(answer.conversation_id)} marked read"


def _decided(display: Display, answer: LeadDecided) -> str:
    lead = answer.lead
    amount = f" for {told}" if (told := amount_of(lead)) else ""
    if not answer.changed:
        return f"Lead {display.id(lead.lead_id)} was {lead.status}{amount} before; nothing changed"
    back = "" if lead.status == "pending" else f". Take back: commercive leads reset {display.id(lead.lead_id)}"
    return f"{DONE}{lead.lead_name or 'Lead'} is {lead.status}{amount}{back}"


def _submitted(display: Display, answer: LeadSubmitted) -> str:
    return f"{DONE}Submitted as lead {display.id(answer.lead_id)}"


def _created(display: Display, answer: LinkCreated) -> str:
    what = f"link {answer.link_id} of affiliate {display.id(answer.affiliate_id)}: {answer.affiliate_url}"
    return f"{DONE}Created {what}" if answer.created else f"It was there before: {what}"


def _form_url(display: Display, answer: FormURLSet) -> str:
    who = f"affiliate {display.id(answer.affiliate_id)}"
    if not answer.changed:
        return f"Supabase shows the right link of {who}: {answer.form_url}"
    return f"{DONE}Supabase shows {answer.form_url} of {who}; before it was {answer.before or 'nothing'}"


def _email_set(display: Display, answer: EmailSet) -> str:
    who = f"affiliate {display.id(answer.affiliate_id)}"
    if not answer.changed:
        return f"{answer.affiliate_email} was the address of {who} before; nothing changed"
    links = "1 link" if len(answer.link_ids) == 1 else f"{len(answer.link_ids):,} links"
    return f"{DONE}{answer.affiliate_email} is the address of {who} now, in {links}"


_WORDS: dict[type, Callable[[Display, Any], str]] = {
    Sent: _sent,
    ConversationChanged: _changed,
    Noted: _noted,
    Snoozed: _snoozed,
    Claimed: _claimed,
    Released: _released,
    MarkedRead: _marked,
    LeadDecided: _decided,
    LeadSubmitted: _submitted,
    LinkCreated: _created,
    EmailSet: _email_set,
    FormURLSet: _form_url,
}
SENTENCES: dict[type, Draw] = {answer: _drawn(words) for answer, words in _WORDS.items()}
