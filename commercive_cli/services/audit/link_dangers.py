"""Addresses that other programs stored and that are dangerous to follow; ours are checked before they are stored."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.web_addresses import link_danger
from commercive_cli.services.audit.check import Repairs
from commercive_cli.store.items import Item, Key
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, Table

LINKS = {CONVERSATIONS: ("store_url",), LEADS: ("product_link",), AFFILIATE_LINKS: ("affiliate_url", "store_url")}
"""The attributes that people may take for links."""


@dataclass
class LinkDangerCheck:
    """What people may click leads to a web page; only a person knows what belongs there instead."""

    tables: ClassVar[tuple[Table, ...]] = tuple(LINKS)

    _suspects: list[tuple[Table, Key]] = field(default_factory=list)

    def visit(self, table: Table, items: list[Item]) -> None:
        """Remember the items with a dangerous address."""
        self._suspects += [(table, table.key_of(item)) for item in items if _is_dangerous(table, item)]

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield those that are there still, as nothing else changed them meanwhile."""
        for table, key in self._suspects:
            for problem in _problems(table, repairs.store.get(table, key) or {}):
                yield repairs.named("dangerous-link", table, _name(table, key), problem)


def _is_dangerous(table: Table, item: Item) -> bool:
    for name in LINKS[table]:
        text = item.get(name)
        if isinstance(text, str) and link_danger(text):
            return True
    return False


def _problems(table: Table, item: Item) -> list[str]:
    texts = {name: item.get(name) for name in LINKS[table]}
    dangers = {name: link_danger(text) for name, text in texts.items() if isinstance(text, str)}
    return [f"its {name} {danger}" for name, danger in dangers.items() if danger]


def _name(table: Table, key: Key) -> str:
    return "/".join(map(str, key.values())) if table is AFFILIATE_LINKS else str(key[table.partition.name])
