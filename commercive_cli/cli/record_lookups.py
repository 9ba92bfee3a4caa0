"""How records are looked for by a typed id: whether one has it, which are the newest, and what a Tab offers."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from commercive_cli.bootstrap import Services, bootstrap, open_store
from commercive_cli.cli.known_ids import Known
from commercive_cli.cli.render.terminal import label_of
from commercive_cli.domain.answers.base import Listing
from commercive_cli.domain.clock import StoreTime
from commercive_cli.domain.errors import Invalid, NotFound
from commercive_cli.domain.limits import LARGEST_LIMIT
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.settings.resolve import Settings

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
    for each in services.chat_reader.stream_conversations(ConversationFilter()):
        yield each.conversation_id, label_of(each)


def _leads(services: Services) -> Iterator[tuple[str, str]]:
    for page in _paged(
        lambda cursor: services.lead_reader.list_leads(LeadFilter(), limit=LARGEST_LIMIT, cursor=cursor)
    ):
        yield from ((each.lead_id, label_of(each)) for each in page.leads)


def _affiliates(services: Services) -> Iterator[tuple[str, str]]:
    for page in _paged(lambda cursor: services.affiliates.list_affiliates(limit=LARGEST_LIMIT, cursor=cursor)):
        yield from ((each.affiliate_id, "") for each in page.affiliates)


LOOK_UPS = {
    "conversation": LookUp(
        lambda services, one: _is_there(lambda: services.chat_reader.conversation(one)),
        _conversations,
    ),
    "lead": LookUp(lambda services, one: _is_there(lambda: services.lead_reader.lead(one)), _leads),
    "affiliate": LookUp(lambda services, one: _is_there(lambda: services.affiliates.known_id(one)), _affiliates),
}


def listed(settings: Settings, listing: str, count: int) -> dict[str, Known]:
    """Return the first records of a listing, from one page of it, or two for those that wait and then the other open.

    Raises KeyError for an unknown listing, and what the store raises.
    """
    with closing(open_store(settings, StoreTime())) as store:
        return dict(islice(_LISTINGS[listing](bootstrap(settings, store=store), count), count))


def _page(services: Services, count: int, wanted: ConversationFilter) -> Iterator[tuple[str, Known]]:
    for each in services.chat_reader.list_conversations(wanted, limit=count).conversations:
        yield each.conversation_id, Known("conversation", label_of(each), each.waits_since)


def _waiting_first(services: Services, count: int) -> Iterator[tuple[str, Known]]:
    yield from _page(services, count, ConversationFilter(sort="waiting"))
    yield from _page(services, count, ConversationFilter("open"))


def _leads_page(services: Services, count: int, status: str) -> Iterator[tuple[str, Known]]:
    for each in services.lead_reader.list_leads(LeadFilter(status), limit=count).leads:
        yield each.lead_id, Known("lead", label_of(each))


def _affiliates_page(services: Services, count: int) -> Iterator[tuple[str, Known]]:
    for each in services.affiliates.list_affiliates(limit=count).affiliates:
        leads = "1 lead" if each.total_leads == 1 else f"{each.total_leads:,} leads"
        yield each.affiliate_id, Known("affiliate", f"{leads}, {each.pending_leads:,} pending")


def _links_page(services: Services, count: int) -> Iterator[tuple[str, Known]]:
    for each in islice(services.affiliates.links(), count):
        yield each.link_id, Known("link", f"{each.affiliate_id}, {each.store_url}".rstrip(", "))


_LISTINGS: dict[str, Callable[[Services, int], Iterable[tuple[str, Known]]]] = {
    "waiting": _waiting_first,
    "open": lambda services, count: _page(services, count, ConversationFilter("open")),
    "closed": lambda services, count: _page(services, count, ConversationFilter("closed")),
    "conversations": lambda services, count: _page(services, count, ConversationFilter()),
    "pending": lambda services, count: _leads_page(services, count, "pending"),
    "leads": lambda services, count: _leads_page(services, count, "all"),
    "affiliates": _affiliates_page,
    "links": _links_page,
}
