"""Rate limits: of the public lead form, which has a honeypot, too, and of what users write."""

from typing import ClassVar

import pytest

from commercive_cli.settings.limits import load_limits
from commercive_cli.store.schema import LEADS, MESSAGES, OPS
from tests.api.test_seed_requests import LEAD, begin, make_link
from tests.api.world import Answer, Client, Issuer, World


def submit(client: Client, link_id: str) -> Answer:
    return client.post("affiliate/submit-lead", link_id=link_id, lead_data=LEAD)


class TestRateLimits:
    def test_the_thirty_first_lead_at_once_is_refused(self, world: World, client: Client) -> None:
        """429 with Retry-After, also in words, nothing stored; as late as told it is admitted, others are at once."""
        link_id = make_link(client)
        first = [submit(client, link_id).status for _ in range(30)]
        refused = submit(client, link_id)
        wait = int(refused.headers["retry-after"])
        elsewhere = submit(client.from_("203.0.113.9"), link_id).status
        stored = world.count(LEADS)
        world.clock.advance(wait)

        assert ([200] * 30, 429, "rate_limited", 200, 31) == (
            first,
            refused.status,
            refused.code,
            elsewhere,
            stored,
        )
        assert 55 <= wait <= 60
        assert f"30, then 1 a minute; try again in {wait} seconds" in refused.body["error"]
        assert [200, 429] == [submit(client, link_id).status for _ in range(2)]

    def test_two_hundred_a_day_are_enough_for_one_address(self, world: World, client: Client) -> None:
        """The day's limit holds when the minute's is kept."""
        link_id = make_link(client)
        statuses = []
        for _ in range(201):
            statuses.append(submit(client, link_id).status)
            world.clock.advance(60)

        assert [200] * 200 + [429] == statuses

    def test_a_link_takes_nine_hundred_at_once(self, client: Client) -> None:
        """Leads of one link are limited over all addresses; other links are not affected."""
        link_id, other = make_link(client), make_link(client, "aff-2")
        statuses = [submit(client.from_(f"10.0.{n // 250}.{n % 250}"), link_id).status for n in range(900)]
        over = [submit(client.from_(f"10.9.9.{n}"), link_id.lower()) for n in range(30)]

        refused = next(answer for answer in over if answer.status == 429)
        assert ([200] * 900, "1") == (statuses, refused.headers["retry-after"])
        assert 200 == submit(client.from_("10.9.9.99"), other).status

    def test_refused_requests_close_nobodys_link(self, client: Client) -> None:
        """What is not stored does not count: 600 requests with a used key, from one IPv6 /48, and the link is open."""
        link_id = make_link(client)
        client.post("affiliate/submit-lead", key="k", link_id=link_id, lead_data=LEAD)

        statuses = {
            client.from_(f"2001:db8:1:{n // 5:x}::1")
            .post("affiliate/submit-lead", key="k", link_id=link_id, lead_data=LEAD | {"name": "Other"})
            .status
            for n in range(600)
        }

        assert {409} == statuses
        assert 200 == submit(client.from_("203.0.113.9"), link_id).status

    def test_a_form_sent_again_is_answered_at_the_limit(self, client: Client) -> None:
        """The network's retry of an accepted form gets its answer, however many came in between."""
        link_id = make_link(client)
        first = client.post("affiliate/submit-lead", key="k", link_id=link_id, lead_data=LEAD)
        statuses = [submit(client, link_id).status for _ in range(31)]

        again = client.post("affiliate/submit-lead", key="k", link_id=link_id, lead_data=LEAD)

        assert (429, 200, first.body) == (statuses[-1], again.status, again.body)

    def test_limits_are_settings(self, world: World) -> None:
        """What is configured holds, and nothing else changes."""
        client = world.open(limits=load_limits({"COMMERCIVE_LIMITS": "address=2+1/m"}))
        link_id = make_link(client)

        assert [200, 200, 429] == [submit(client, link_id).status for _ in range(3)]

    @pytest.mark.parametrize(
        ("addresses", "expected"),
        [
            ([f"2001:db8:1:2::{n:x}" for n in range(31)], 429),
            ([f"2001:db8:1:{n:x}::1" for n in range(60)], 200),
            ([f"2001:db8:1:{n:x}::1" for n in range(61)], 429),
            ([f"2001:db8:{n:x}:1::1" for n in range(61)], 200),
            (["192.0.2.1", "::ffff:192.0.2.1"] * 16, 429),
        ],
        ids=["one /64", "several /64", "one /48", "several /48", "one ipv4 address in two spellings"],
    )
    def test_an_ipv6_customer_counts_once(self, client: Client, addresses: list[str], expected: int) -> None:
        """A /64 network is what one customer has; changing addresses within it does not help, nor within a /48."""
        link_id = make_link(client)

        statuses = [submit(client.from_(address), link_id).status for address in addresses]

        assert expected == statuses[-1]

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


class TestWritesOfUsers:
    """In mode jwt, a user's messages, new conversations and new links are limited; nobody shares another's limit."""

    LIMITS: ClassVar = load_limits({"COMMERCIVE_LIMITS": "send=2/m,conversation=2/h,create-link=2/h"})

    def test_messages(self, world: World, issuer: Issuer) -> None:
        """The third within a minute is refused with Retry-After; a repeated one is answered; the next minute is new."""
        client = world.open("jwt", limits=self.LIMITS)
        people = {user: client.as_(issuer.token(user)) for user in ("user-a", "user-b")}
        places = {user: begin(person, user=user) for user, person in people.items()}

        def send(user: str, key: str) -> Answer:
            return people[user].post("chat/send", key=key, user_id=user, message="hi", conversation_id=places[user])

        answers = [send("user-a", f"k{number}") for number in range(3)]
        before = world.count(MESSAGES)

        assert [200, 200, 429] == [answer.status for answer in answers]
        assert 1 <= int(answers[2].headers["retry-after"]) <= 60
        assert "too many messages: 2 a minute" in answers[2].body["error"]
        assert answers[0].body == send("user-a", "k0").body
        assert before == world.count(MESSAGES)
        assert 200 == send("user-b", "k2").status
        world.clock.advance(60)
        assert 200 == send("user-a", "k2").status

    def test_new_conversations(self, world: World, issuer: Issuer) -> None:
        """The third within an hour is refused, a message in one that exists is not."""
        client = world.open("jwt", limits=self.LIMITS).as_(issuer.token("user-a"))

        answers = [client.post("chat/send", user_id="user-a", message="hi") for _ in range(3)]

        assert [200, 200, 429] == [answer.status for answer in answers]
        assert "too many new conversations" in answers[2].body["error"]
        name = answers[0].body["conversation_id"]
        assert 200 == client.post("chat/send", user_id="user-a", message="hi", conversation_id=name).status

    def test_new_links(self, world: World, issuer: Issuer) -> None:
        """The third within an hour is refused, one that exists is found; also an admin's count is the admin's own."""
        client = world.open("jwt", limits=self.LIMITS)
        ours, admin = client.as_(issuer.token("aff-1")), client.as_(issuer.token("boss", admin=True))

        def create(who: Client, shop: str) -> Answer:
            return who.post(
                "affiliate/create-link", affiliate_id="aff-1", affiliate_email="a@x.co", store_url=f"{shop}.example"
            )

        assert [200, 200, 200, 200, 429] == [create(ours, shop).status for shop in ("a", "a", "b", "a", "c")]
        assert [200, 200, 200, 429] == [create(admin, shop).status for shop in ("a", "d", "e", "f")]

    def test_whoever_names_himself_is_not_limited(self, world: World) -> None:
        """In mode none nobody proves who he is, so a limit could be spent for others; there is none."""
        client = world.open(limits=self.LIMITS)

        assert {200} == {client.post("chat/send", user_id="u", message="hi").status for _ in range(5)}

    def test_the_defaults_are_generous(self, world: World, issuer: Issuer) -> None:
        """Sixty messages a minute, sixty conversations and links an hour."""
        client = world.open("jwt").as_(issuer.token("user-a"))

        statuses = [client.post("chat/send", user_id="user-a", message="hi").status for _ in range(61)]

        assert [200] * 60 + [429] == statuses
