"""The sum of what is a person's: counted by kind before anything is exported or erased."""

from collections import Counter
from collections.abc import Sequence

from commercive_cli.domain.answers.privacy import Candidate
from commercive_cli.domain.errors import Invalid, NotFound
from commercive_cli.domain.ids import usual_id
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.domain.text import alike
from commercive_cli.services.privacy.rules import Rules, is_internal, kind_of
from commercive_cli.store.items import Item
from commercive_cli.store.schema import Table


class Survey:
    """Counts what is a person's, by kind, and what others wrote about them."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.counts: Counter[str] = Counter()
        self.mentions = 0
        self.met: set[str] = set()
        self._near: set[str] = set()
        self._typed = {alike(each) for each in rules.identifiers.identity.ids}

    def visit(self, table: Table, item: Item) -> None:
        """Count an item."""
        if is_internal(table, item):
            return
        self.rules.note_conversation(table, item)
        self._meet(table, item)
        if self.rules.concerns(table, item):
            self.counts[kind_of(self.rules, table, item)] += 1
        elif self.rules.identifiers.mentioned_in(item) or any(
            map(self.rules.identifiers.identity.has_id, self.rules.people_in(table, item))
        ):
            self.mentions += 1

    def _meet(self, table: Table, item: Item) -> None:
        for one in self.rules.people_in(table, item):
            if self.rules.identifiers.identity.has_id(one):
                self.met.add(usual_id(one))
            elif alike(one) in self._typed:
                self._near.add(one)

    def check(self, who: str, unknown: Sequence[str], candidates: Sequence[Candidate], most: int) -> None:
        """Raise NotFound when there is nothing, or for an `unknown` id that was given; Invalid for too many items."""
        nothing = not (self.counts or self.mentions or candidates)
        if unknown or nothing:
            raise self._not_found(unknown[0] if unknown else who)
        if self.counts.total() > most:
            raise Invalid(
                f"{self.counts.total():,} items are of {shortened(who)}, more than {most:,}: it may be an account that "
                f"people share. If it is one person's, pass --most {self.counts.total()}; nothing was written",
                field="most",
            )

    def _not_found(self, one: str) -> NotFound:
        near = f"; ids are compared exactly, and there is {quoted(min(self._near))}" if self._near else ""
        return NotFound(
            f"nothing in the tables is about {shortened(one)}{near}; give the whole id of a user, affiliate or "
            "admin, an e-mail address, or a phone number that begins with +. Archives, exports and backups are not "
            "searched"
        )
