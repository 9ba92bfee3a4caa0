"""`chat search`: says what it will read, asks where that is much, and shows the hits as they come."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from commercive_cli.cli.confirm import confirm
from commercive_cli.cli.render.moments import Moments
from commercive_cli.cli.render.search_view import cost_sentence, draw_hits, one_of_each
from commercive_cli.cli.session import Session
from commercive_cli.domain.answers.search import Hit, Hits
from commercive_cli.services.chat.search import SearchFilter, SearchService

MOST_UNASKED = 100_000
"""Messages that are read without asking."""


@dataclass(frozen=True)
class Search:
    """One search; `limit` is the number of hits after which it stops, None for all."""

    session: Session
    service: SearchService
    wanted: SearchFilter
    limit: int | None = None

    def run(self, *, yes: bool) -> None:
        """Say what is read, and search. Raises Invalid when it is much, and nobody agrees."""
        session, wanted = self.session, self.wanted
        cost = self.service.cost(wanted)
        sentence = cost_sentence(cost, Moments(session.now, session.options.times), wanted.since)
        if session.screen.for_people:
            session.screen.draw(lambda display: display.sentence(sentence))
        else:
            session.note(sentence)
        if cost.messages > MOST_UNASKED or cost.more:
            confirm("That is much. Read it?", yes=yes)
        session.stream(Hits, self._hits(), lambda display, hits: draw_hits(display, hits, wanted.words))

    def _hits(self) -> Iterator[Hit]:
        hits: Iterator[Hit] = islice(self.service.search(self.wanted), self.limit)
        return iter(one_of_each(hits)) if self.session.screen.output == "ids" else hits
