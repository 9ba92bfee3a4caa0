"""Links and leads of an affiliate in our shape, with what they were made of and the places in `ops` that they take."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from commercive_cli.services.adopt import mapping as m
from commercive_cli.services.adopt.conversion import Unfit, convert_lead, convert_link
from commercive_cli.services.adopt.marks import Mark, written
from commercive_cli.services.adopt.run import Run
from commercive_cli.services.adopt.spool import Spooled, SpooledLink, digest
from commercive_cli.services.records.link_claims import code_claim_key, primary_claim_key
from commercive_cli.store.items import Item, Key, TextItem, item_text


@dataclass(frozen=True)
class Unit:
    """A link or lead in our shape, and what it was made of; `made` says that there is nothing there.

    `claims` are the places in `ops` that a link takes: that of its code, and that of its store if it is the first.
    """

    legacy: m.Legacy
    item: Item
    raw: Item
    source: str
    made: bool = False
    claims: tuple[Key, ...] = ()

    @property
    def kind(self) -> str:
        """Return what it is."""
        return "lead" if self.legacy is m.OLD_LEADS else "link"

    @property
    def subject(self) -> str:
        """Return its id."""
        return str(self.item[self.legacy.key])

    @cached_property
    def mark(self) -> Mark:
        """Return what is remembered of it."""
        place = self.item["created_at"] if self.kind == "lead" else self.item["affiliate_id"]
        return Mark(self.kind, self.subject, self.source, written(self.item), place)

    @property
    def changed_at(self) -> int:
        """Return when it was changed last (ms)."""
        at: int = self.item.get("updated_at") or self.item["created_at"]
        return at


def units_of(
    run: Run, affiliate: str, links: list[SpooledLink], leads: Iterator[tuple[str, Spooled]]
) -> Iterator[Unit]:
    """Yield the links and then the leads of an affiliate; what cannot be brought is put aside."""
    yield from _with_claims(_link_units(run, affiliate, links))
    for identifier, lead in leads:
        unit = _lead_unit(run, identifier, lead)
        if unit is not None:
            yield unit


def _link_units(run: Run, affiliate: str, links: list[SpooledLink]) -> list[Unit]:
    """Return the links of an affiliate; the oldest one is shown, so what is made comes behind the others."""
    shown = [link for link in links if link.row is not None and link.row.item.get("created_at") is not None]
    made = [link for link in links if link not in shown]
    units = [unit for link in shown if (unit := _link_unit(run, affiliate, link, 0)) is not None]
    newest = max((unit.item["created_at"] for unit in units), default=-1)
    for link in made:
        unit = _link_unit(run, affiliate, link, newest + 1)
        if unit is not None:
            kind = "id-code" if link.row is None and link.first_lead is None else "rebuilt-link"
            run.note(m.OLD_LINKS, link.code)(kind, f"it credits {affiliate}")
            units.append(unit)
    return units


def _link_unit(run: Run, affiliate: str, link: SpooledLink, earliest: int) -> Unit | None:
    """Return a link, None once it was put aside; `earliest` is when it can have been made."""
    row, code = link.row, link.code
    raw = row.item if row else {}
    note = run.note(m.OLD_LINKS, code)
    try:
        item = convert_link(raw, affiliate, code, link.first_lead, run.form_of(code), run.times, note)
    except Unfit as unfit:
        if row is not None:
            run.spool.put_aside(m.OLD_LINKS, row, str(unfit))
            run.ledger.link_aside()
        return None
    item["created_at"] = max(item["created_at"], earliest)
    source = digest(row.text if row else f"{affiliate} {code}")
    return Unit(m.OLD_LINKS, TextItem(item, item_text(item)), raw, source, made=row is None)


def _with_claims(units: list[Unit]) -> list[Unit]:
    """Return links with the claims they take: the oldest one of a store is its primary link."""
    taken: set[tuple[Any, ...]] = set()
    found: list[Unit] = []
    for unit in sorted(units, key=lambda each: (each.item["created_at"], each.subject)):
        claims = [code_claim_key(unit.subject)]
        primary = primary_claim_key(unit.item["affiliate_id"], unit.item["store_url"])
        if tuple(primary.values()) not in taken:
            taken.add(tuple(primary.values()))
            claims.append(primary)
        found.append(replace(unit, claims=tuple(claims)))
    return found


def _lead_unit(run: Run, identifier: str, lead: Spooled) -> Unit | None:
    try:
        item = convert_lead(lead.item, run.spool.owner_of, run.times, run.note(m.OLD_LEADS, identifier))
    except Unfit as unfit:
        run.spool.put_aside(m.OLD_LEADS, lead, str(unfit))
        run.ledger.lead_aside(lead.item)
        run.on_brought(1)
        return None
    return Unit(m.OLD_LEADS, TextItem(item, item_text(item)), lead.item, digest(lead.text))
