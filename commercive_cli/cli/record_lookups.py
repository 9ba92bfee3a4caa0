"""How the records of each kind are looked for by a typed id: whether one has it, and which are the newest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from commercive_cli.bootstrap import Services
from commercive_cli.cli.render.terminal import label_of
from commercive_cli.domain.answers.base import Listing
from commercive_cli.domain.errors import Invalid, NotFound
from commercive_cli.domain.limits import LARGEST_LIMIT
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.leads.listing import LeadFilter

Page = TypeVar("Page", bound=Listing)


@dataclass(frozen=True)
class LookUp:
    """The look-ups of one kind of record; `newest` yields ids with a few words about each, page by page."""

    exists: Callable[[Services, str], bool]
    newest: Callable[[Services], Iterator[tuple[str, str]]]


def _is_there(look: Callable[[], object]) -> bool:
    try:
        look()
    except (NotFound, Invalid):
        return False
    return True


def _paged(fetch: Callable[[str | None], Page]) -> Iterator[Page]:
    page = fetch(None)
    yield page
    while page.next_cursor:
        page = fetch(page.next_cursor)
        yield page


def _conversations(services: Services) -> Iterator[tuple[str, str]]:
    for each in services.chat.stream_conversations(ConversationFilter()):
        yield each.conversation_id, label_of(each)


def _leads(services: Services) -> Iterator[tuple[str, str]]:
    for page in _paged(lambda cursor: services.leads.list_leads(LeadFilter(), limit=LARGEST_LIMIT, cursor=cursor)):
        yield from ((each.lead_id, label_of(each)) for each in page.leads)


def _affiliates(services: Services) -> Iterator[tuple[str, str]]:
    for page in _paged(lambda cursor: services.affiliates.list_affiliates(limit=LARGEST_LIMIT, cursor=cursor)):
        yield from ((each.affiliate_id, "") for each in page.affiliates)


LOOK_UPS = {
    "conversation": LookUp(lambda services, one: _is_there(lambda: services.chat.conversation(one)), _conversations),
    "lead": LookUp(lambda services, one: _is_there(lambda: services.leads.lead(one)), _leads),
    "affiliate": LookUp(lambda services, one: _is_there(lambda: services.affiliates.show(one)), _affiliates),
}
