"""A thousand leads of 40 affiliates, of which it is known who is whose duplicate, also where no rule can tell."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from commercive_cli.store.items import Item
from tests.services.fakes import DAY, START

HOUR, MINUTE = DAY // 24, 60_000
AFFILIATES = 40
TOTAL = 1000

_FIRST = ("Ann", "Bo", "Chloé", "Dmitri", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jun", "Kofi", "Lena", "さくら")
_LAST = ("Abe", "Brandt", "Costa", "Dubois", "Eriksen", "Fofana", "García", "Haas", "Ito", "Jensen", "Khan", "Novák")
_MAIL = ("gmail.com", "outlook.com", "web.de", "posteo.example", "shop-mail.example")
_MARKETS = ("etsy.com/shop/", "www.amazon.co.uk/stores/", "https://www.instagram.com/")
_UNTOLD = ("", "n/a", "none yet")


@dataclass
class World:
    """The leads and links as they are stored, and the true flags: pairs of the id of a lead and a kind."""

    leads: list[Item] = field(default_factory=list)
    links: list[Item] = field(default_factory=list)
    truth: set[tuple[str, str]] = field(default_factory=set)
    _rng: Random = field(default_factory=lambda: Random(14))  # it shall be the same every time

    def fill(self) -> "World":
        """Add links and leads, and return this world."""
        self.links = [
            {"affiliate_id": f"aff-{n}", "link_id": f"LINK{n:04}", "affiliate_email": f"partner.{n}@partners.example",
             "store_url": f"https://partner-shop-{n}.example", "created_at": START, "updated_at": START}
            for n in range(AFFILIATES)
        ]  # fmt: skip
        self._same_emails()
        self._same_phones()
        self._same_shops()
        self._self_referrals()
        self._many_at_once()
        self._look_alikes()
        while len(self.leads) < TOTAL:
            self._add()
        return self

    def _add(self, *kinds: str, **fields: Any) -> Item:
        """Add a lead: somebody of their own, but for the fields that are given."""
        number = len(self.leads)
        first, last = self._rng.choice(_FIRST), self._rng.choice(_LAST)
        affiliate = fields.pop("affiliate", number % AFFILIATES)
        shop = f"https://shop-{number}.example/products/{self._rng.randrange(9)}"
        market = f"{self._rng.choice(_MARKETS)}Shop{number}"
        lead: Item = {
            "lead_id": f"lead-{number:04}",
            "affiliate_id": f"aff-{affiliate}",
            "link_id": f"LINK{affiliate:04}",
            "status": "pending",
            "lead_name": f"{first} {last}",
            "lead_email": f"{first}.{last}.{number}@{self._rng.choice(_MAIL)}",
            "lead_phone": self._rng.choice((f"+44 7400 {number:06}", f"0151-{number:07}", "")),
            "product_link": self._rng.choice((shop, shop, market, *_UNTOLD)),
            "order_volume": "5-20",
            "created_at": START + number * 4 * HOUR,
            "updated_at": START + number * 4 * HOUR,
        } | fields
        self.leads.append(lead)
        self.truth.update((lead["lead_id"], kind) for kind in kinds)
        return lead

    def _pairs(self, kind: str, name: str, spellings: Iterator[tuple[str, str]]) -> None:
        """Add two leads for each two spellings of the same; every second pair came over one affiliate."""
        for number, (one, other) in enumerate(spellings):
            first = self._add(kind, **{name: one})
            own = int(first["affiliate_id"].removeprefix("aff-"))
            self._add(kind, **{name: other}, affiliate=own if number % 2 else (own + 7) % AFFILIATES)

    def _same_emails(self) -> None:
        def spellings() -> Iterator[tuple[str, str]]:
            for n in range(15):
                yield f"kim.{n}@posteo.example", f"Kim.{n}@Posteo.example"
                yield f"lou.{n}@web.de", f"lou.{n}+shop@web.de"
                yield f"mo.lee.{n}@gmail.com", f"m.o.lee{n}+x@googlemail.com"
            for n in range(5):  # somebody's two addresses, which nothing tells
                yield f"nia.{n}@web.de", f"nia.private.{n}@posteo.example"

        self._pairs("same_email", "lead_email", spellings())

    def _same_phones(self) -> None:
        def spellings() -> Iterator[tuple[str, str]]:
            for n in range(15):
                yield f"+46 70 555 {n:04}", f"0046 (0)70-555{n:04}"
                yield f"(030) 900-1{n:04}", f"030 9001{n:04}"
            for n in range(10):  # with its country and without, which is not assumed
                yield f"+49 30 800 1{n:04}", f"030 8001{n:04}"

        self._pairs("same_phone", "lead_phone", spellings())

    def _same_shops(self) -> None:
        def spellings() -> Iterator[tuple[str, str]]:
            for n in range(10):
                yield f"https://www.kobe-tea-{n}.example/products/1", f"Kobe-Tea-{n}.example"
                yield f"etsy.com/shop/Bergrad{n}", f"https://www.etsy.com/shop/bergrad{n}?ref=x"
            for n in range(5):  # a shop's two hosts
                yield f"https://oslo-ull-{n}.example", f"oslo-ull-{n}.myshopify.com"

        self._pairs("same_store", "product_link", spellings())

    def _self_referrals(self) -> None:
        for n in range(10):
            self._add("self_referral", affiliate=n, lead_email=f"Partner.{n}+lead@partners.example")
            self._add("self_referral", affiliate=n + 10, product_link=f"www.partner-shop-{n + 10}.example/x")
        for n in range(20, 25):  # an affiliate with an address and a shop that no link names
            self._add("self_referral", affiliate=n, lead_email=f"private.{n}@web.de")

    def _many_at_once(self) -> None:
        for burst in range(5):
            begun = START + (5000 + burst) * HOUR
            for n in range(6):
                self._add("many_at_once", affiliate=burst, created_at=begun + n * 90_000)

    def _look_alikes(self) -> None:
        """Add leads that are nobody's duplicate, and look much like it."""
        for n in range(10):
            self._add(lead_email=f"o.k{n}@posteo.example", lead_name="Grace Abe")
            self._add(lead_email=f"ok{n}@posteo.example", lead_name="Grace Abe")
            self._add(lead_phone=f"+44 7500 10000{n}", product_link=f"https://etsy.com/shop/Kobe{n}")
            self._add(lead_phone=f"+49 7500 10000{n}", product_link=f"https://etsy.com/shop/Kobe-{n}")
            self._add(lead_phone="none", product_link="https://www.etsy.com")
            self._add(lead_email=f"partner.{n + 30}@partners.example", affiliate=n + 20)  # of another affiliate
        for three in range(5):
            for n in range(3):
                self._add(affiliate=three, created_at=START + (6000 + three) * HOUR + n * MINUTE)
        for n in range(4):  # at once, over four links
            self._add(affiliate=n, created_at=START + 7000 * HOUR)
        for phone in ("1234567", "030 123 4567"):  # made up, and of two cities: no rule tells
            self._add(lead_phone=phone)
            self._add(lead_phone=phone)
