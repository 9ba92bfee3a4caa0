"""Leads that came through a link which exists nowhere: whom they credit, nobody can look up any more."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.errors import Damaged, Invalid, NotFound
from commercive_cli.domain.quoting import quoted
from commercive_cli.services.access.paging import IndexQuery, stream_items
from commercive_cli.services.audit.check import Repairs
from commercive_cli.services.records.link_claims import resolve_code
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, LEADS, Table


@dataclass
class OrphanLeadCheck:
    """The code of every lead is that of a link, whosever; leads must be visited before links, which are never lost."""

    tables: ClassVar[tuple[Table, ...]] = (LEADS, AFFILIATE_LINKS)

    _codes: set[str] = field(default_factory=set)

    def visit(self, table: Table, items: list[Item]) -> None:
        """Remember the codes of leads, and forget those of links."""
        codes = {item["link_id"] for item in items}
        if table is LEADS:
            self._codes |= codes
        else:
            self._codes -= codes

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield leads without a link; only a person can say where they came from."""
        for code in sorted(code for code in self._codes if not _leads_anywhere(repairs.store, code)):
            for lead in stream_items(repairs.store, IndexQuery(LEADS, "LinkLeadsIndex", (code,))):
                yield repairs.named("orphan-lead", LEADS, lead["lead_id"], f"its link {quoted(code)} exists nowhere")


def _leads_anywhere(store: Store, code: str) -> bool:
    """Return whether visitors with this code would find a link, as they typed it or as ours are read."""
    try:
        resolve_code(store, code)
    except (NotFound, Invalid):
        return False
    except Damaged:  # there is a claim, and it is named as malformed
        return True
    return True
