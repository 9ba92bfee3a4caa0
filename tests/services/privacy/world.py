"""Data in which one person is a user, an affiliate, a lead and an admin, beside other people."""

import json
from dataclasses import dataclass
from typing import Any

from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.seed.plan import Plan
from commercive_cli.services.seed.service import SeedService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, LEADS, MESSAGES, TABLES
from tests.services.fakes import START, ManualClock
from tests.services.raw_data import errors_in, rows

ANA = "5f0c2f9e-6d1b-4c55-9a52-0d7b1f6f2a11"
EMAIL = "Ana.Abelard@Example.com"
PHONE = "+49 (151) 234-56789"
NAME = "Ana Abelard"
OTHER = "user-bea"
TERMS = (ANA, EMAIL, PHONE, "0151/23456789", "49151 23456789", "ana-shop", "fm-Werkzeuge")
GIVEN = (EMAIL, PHONE)
"""What is said to be Ana's beside her id."""


@dataclass
class World:
    """The services over one store, with a clock that moves by a second with every use."""

    store: Store
    clock: ManualClock

    def __call__(self) -> int:
        self.clock.advance(1_000)
        return self.clock.now

    @property
    def chat(self) -> ChatService:
        return ChatService(self.store, self)

    @property
    def leads(self) -> LeadService:
        return LeadService(self.store, self)

    @property
    def affiliates(self) -> AffiliateService:
        return AffiliateService(self.store, self)

    def fill(self) -> "World":
        """Make Ana and others do everything that stores items in a table."""
        SeedService(self.store).run(Plan(conversations=5, messages=30, affiliates=2, leads=10, until=START))
        self._conversations()
        self._affiliate()
        self._lead()
        assert self.broken() == []
        return self

    def _conversations(self) -> None:
        sent = self.chat.send(
            ANA,
            f"Hello, I am {NAME} of fm-Werkzeuge, write to {EMAIL.lower()} or call 0151/23456789",
            store="ana-shop.example",
            key="k1",
        )
        self.chat.send(ANA, f"My number is {PHONE}.", conversation_id=sent.conversation_id, key="k2")
        self.chat.reply(sent.conversation_id, "admin-jo", f"Dear Ana  abelard, ANA ABELARD? {ANA}", key="k3")
        self.chat.close(sent.conversation_id, ANA)
        other = self.chat.send(OTHER, "My friend " + NAME + " said so: " + "x" * 158 + " " + EMAIL, store="bea.example")
        self.chat.reply(other.conversation_id, ANA, "This is Ana speaking as an admin")
        self.chat.send(OTHER, "Long " + "y" * 180 + " " + EMAIL + " " + PHONE, conversation_id=other.conversation_id)
        self.chat.close(other.conversation_id, "admin-jo")
        self.chat.reopen(other.conversation_id, ANA)
        desk = DeskService(self.chat)
        desk.note(sent.conversation_id, "admin-jo", f"Ana rang from {PHONE}, as {NAME}", key="k4")
        desk.note(other.conversation_id, ANA, f"a friend of {NAME}, {EMAIL}, 49151 23456789")
        desk.claim(other.conversation_id, ANA)

    def _affiliate(self) -> None:
        first = self.affiliates.create_link(ANA, EMAIL, "https://Ana-Shop.example/")
        second = self.affiliates.create_link(ANA, EMAIL, "")
        for number, code in enumerate((first.link_id, first.link_id, second.link_id, second.link_id, first.link_id)):
            lead = self.leads.submit(
                code,
                person(f"Cas{number} Costa", f"cas{number}@example.com", f"+1 555 000 10{number}"),
                key=f"cas{number}",
            )
            if number < 3:
                self.leads.decide(lead.lead_id, "approved", "admin-jo", commission=f"{number}5.25", key=f"k{number}a")
        stats = next(item for item in rows(self.store, AFFILIATE_STATS) if item["affiliate_id"] == ANA)
        self.store.batch_put(AFFILIATE_STATS, [{**stats, "total_leads": 99}])
        RecomputeService(self.store, self).one(ANA, "admin-jo")

    def _lead(self) -> None:
        others = self.affiliates.create_link("affiliate-dan", "dan@example.com", "dan.example").link_id
        for number, email in enumerate((EMAIL.upper(), "another-address@example.com")):
            mine = self.leads.submit(others, person(NAME.upper(), email, PHONE), key=f"mine{number}")
            self.leads.decide(mine.lead_id, "approved", ANA, commission="10.10", notes=f"{NAME} is fine", key=email)
            self.leads.decide(mine.lead_id, "approved", "admin-jo", commission="10.20", amend=True, key=f"k{number}")
        family = self.leads.submit(others, person("Gus Abelard", "gus@example.com", "0049151 23456789"))
        self.leads.decide(family.lead_id, "rejected", "admin-jo", notes=f"same number as {NAME}, {EMAIL}")
        self.leads.submit(others, person(NAME, "namesake@example.com", "+33 1 11 11 11 11"))

    def broken(self) -> list[str]:
        """Return what is wrong according to the audit and to `errors_in`, which counts independently."""
        return [*map(str, AuditService(self.store, self).run("test").findings), *errors_in(self.store)]

    def raw(self) -> str:
        """Return everything that the tables hold, as text in lower case."""
        items = {table.name: rows(self.store, table) for table in TABLES}
        return json.dumps(items, default=str, ensure_ascii=False).casefold()

    def terms_found(self) -> list[str]:
        """Return those of Ana's `TERMS` that the raw items hold, but for the form of Gus, who has the same phone."""
        text = self.raw().replace("0049151 23456789", "")
        return [term for term in TERMS if term.casefold() in text]

    def mine(self) -> list[str]:
        """Return the ids of the leads that are Ana's."""
        return [item["lead_id"] for item in rows(self.store, LEADS) if item.get("lead_name") == NAME.upper()]

    def sums(self) -> dict[str, Any]:
        """Return the totals that an erasure must not change."""
        stats = rows(self.store, AFFILIATE_STATS)
        return {
            "leads": len(rows(self.store, LEADS)),
            "links": len(rows(self.store, AFFILIATE_LINKS)),
            "messages": len(rows(self.store, MESSAGES)),
            "counted": sum(item["total_leads"] for item in stats),
            "approved": sum(item["approved_leads"] for item in stats),
            "commission": sum(item["total_commission"] for item in stats),
        }


def person(name: str, email: str, phone: str) -> Item:
    """Return a lead form."""
    return {
        "name": name,
        "email": email,
        "phone": phone,
        "product_link": "https://example.com/p",
        "order_volume": "1-5",
        "pending_orders": "3",
        "business_name": f"{name} GmbH",
    }
