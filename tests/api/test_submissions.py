"""The public lead form: its rate limits, and its honeypot."""

import pytest

from commercive_cli.store.schema import LEADS, OPS
from tests.api.test_seed_requests import LEAD, make_link
from tests.api.world import Answer, Client, World


def submit(client: Client, link_id: str) -> Answer:
    return client.post("affiliate/submit-lead", link_id=link_id, lead_data=LEAD)


class TestRateLimits:
    def test_the_sixth_lead_within_a_minute_is_refused(self, world: World, client: Client) -> None:
        """429 with Retry-After, nothing stored; the next minute is free again, as are other addresses."""
        link_id = make_link(client)
        first = [submit(client, link_id).status for _ in range(5)]
        refused = submit(client, link_id)
        elsewhere = submit(client.from_("203.0.113.9"), link_id).status
        stored = world.count(LEADS)
        world.clock.advance(60)

        assert ([200] * 5, 429, "rate_limited", 200, 6) == (
            first,
            refused.status,
            refused.code,
            elsewhere,
            stored,
        )
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert 200 == submit(client, link_id).status

    def test_fifty_a_day_are_enough_for_one_address(self, world: World, client: Client) -> None:
        """The day's limit holds when the minute's is kept."""
        link_id = make_link(client)
        statuses = []
        for _ in range(51):
            statuses.append(submit(client, link_id).status)
            world.clock.advance(60)

        assert [200] * 50 + [429] == statuses

    def test_a_link_takes_five_hundred_a_day(self, client: Client) -> None:
        """Leads of one link are limited over all addresses; other links are not affected."""
        link_id, other = make_link(client), make_link(client, "aff-2")
        for number in range(500):
            submit(client.from_(f"10.0.{number // 250}.{number % 250}"), link_id)

        over = submit(client.from_("10.9.9.9"), link_id.lower())

        assert (429, 500) == (over.status, _total(client, "aff-1"))
        assert 200 == submit(client.from_("10.9.9.9"), other).status

    @pytest.mark.parametrize(
        ("addresses", "expected"),
        [
            ([f"2001:db8:1:2::{n:x}" for n in range(6)], 429),
            ([f"2001:db8:1:{n:x}::1" for n in range(6)], 200),
            (["192.0.2.1", "::ffff:192.0.2.1"] * 3, 429),
        ],
        ids=["one ipv6 network", "several ipv6 networks", "one ipv4 address in two spellings"],
    )
    def test_an_ipv6_customer_counts_once(self, client: Client, addresses: list[str], expected: int) -> None:
        """A /64 network is what one customer has; changing addresses within it does not help."""
        link_id = make_link(client)

        statuses = [submit(client.from_(address), link_id).status for address in addresses]

        assert expected == statuses[-1]

    def test_guessing_codes_is_limited_too(self, client: Client) -> None:
        """Submissions with unknown codes count, too, so that codes cannot be tried out."""
        statuses = [submit(client, f"GUESS{n}").status for n in range(6)]

        assert [404] * 5 + [429] == statuses

    def test_addresses_are_not_kept(self, world: World, client: Client) -> None:
        """The store holds a keyed hash of the address for two days at most, never the address."""
        submit(client, make_link(client))

        rates = [item for item in world.services.store.scan(OPS).items if item["pk"].startswith("rate#")]

        now = world.clock() // 1000
        assert 3 == len(rates)
        assert [] == [item for item in rates if client.address in str(item)]
        assert all(now < item["expires_at"] <= now + 2 * 86_400 for item in rates)


class TestHoneypot:
    def test_a_program_that_fills_in_everything_believes_it_succeeded(self, world: World, client: Client) -> None:
        """The answer has the shape of a success; nothing is stored, not even a counter."""
        link_id = make_link(client)
        before = world.count(OPS)
        trapped = LEAD | {"website": "https://spam.example"}

        answer = client.post("affiliate/submit-lead", link_id=link_id, lead_data=trapped)

        real = submit(client, link_id)
        assert (200, set(real.body)) == (answer.status, set(answer.body))
        assert len(real.body["lead_id"]) == len(answer.body["lead_id"])
        assert (1, before + 3) == (world.count(LEADS), world.count(OPS))

    @pytest.mark.parametrize("empty", ["", None])
    def test_people_leave_the_field_empty(self, world: World, client: Client, empty: str | None) -> None:
        """A form with an empty honeypot field is stored."""
        client.post("affiliate/submit-lead", link_id=make_link(client), lead_data=LEAD | {"website": empty})

        assert 1 == world.count(LEADS)


def _total(client: Client, affiliate: str) -> int:
    stats = client.get("affiliate/stats", f"affiliate_id={affiliate}").body["stats"]
    return int(stats["total_leads"])
