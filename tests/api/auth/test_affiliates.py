"""Which affiliate somebody is: by the token, else by Supabase's table, else by the user's own id."""

import json
from typing import Any

import pytest

from commercive_cli.api.auth.affiliates import KNOWN_MS, MOST_KEPT, UNKNOWN_MS, AffiliateIds
from commercive_cli.api.auth.tokens import Identity
from commercive_cli.api.http.outbound import Response
from commercive_cli.api.supabase import AffiliateTable
from tests.api.test_seed_requests import begin
from tests.api.world import SUPABASE, Answer, Client, FakeClock, Issuer, Outside, World

TABLE = "https://project.supabase.co/rest/v1/affiliates"


def rows(*affiliate_ids: str | None) -> Response:
    return Response(200, json.dumps([{"affiliate_id": one} for one in affiliate_ids]).encode())


def use(client: Client, affiliate_id: str) -> list[Answer]:
    """Call the three actions that are for an affiliate's own id."""
    new = {"affiliate_id": affiliate_id, "affiliate_email": "a@example.com", "store_url": "my.shop"}
    return [
        client.get("affiliate/get-link", f"affiliate_id={affiliate_id}"),
        client.post("affiliate/create-link", **new),
        client.get("affiliate/stats", f"affiliate_id={affiliate_id}"),
    ]


def lookups(world: World) -> list[str]:
    return [url for method, url, _, _ in world.outside.sent if (method, TABLE) == ("GET", url.partition("?")[0])]


@pytest.fixture
def partner(world: World, issuer: Issuer) -> Client:
    """A client with the token of user-a, at a door that may ask Supabase."""
    return world.open("jwt", supabase=SUPABASE).as_(issuer.token("user-a"))


def statuses(answers: list[Answer]) -> list[int]:
    return [answer.status for answer in answers]


def test_supabase_knows_a_users_affiliate_id(world: World, partner: Client) -> None:
    """The own id opens everything, the `sub` and other ids nothing; one look-up serves them all."""
    world.outside.answers[TABLE] = rows("AFF-1A2B3C4D")

    assert [200] * 3 == statuses(use(partner, "AFF-1A2B3C4D"))
    assert [403] * 6 == statuses(use(partner, "user-a") + use(partner, "AFF-OTHER123"))
    assert [f"{TABLE}?user_id=eq.user-a&select=affiliate_id"] == lookups(world)


def test_the_token_may_say_it(world: World, issuer: Issuer) -> None:
    """app_metadata is the project's to write, so nobody needs to be asked."""
    token = issuer.token("user-a", app_metadata={"affiliate_id": "AFF-1A2B3C4D"})
    client = world.open("jwt", supabase=SUPABASE).as_(token)
    world.outside.answers[TABLE] = rows("AFF-OTHER123")

    assert [200] * 3 == statuses(use(client, "AFF-1A2B3C4D"))
    assert [403] * 3 == statuses(use(client, "AFF-OTHER123"))
    assert [] == lookups(world)


def test_without_a_service_key_it_is_the_users_own_id(world: World, issuer: Issuer) -> None:
    """As in projects that keep no such table."""
    client = world.open("jwt").as_(issuer.token("user-a"))

    assert [200] * 3 == statuses(use(client, "user-a"))
    assert [403] * 3 == statuses(use(client, "AFF-1A2B3C4D"))


@pytest.mark.parametrize("found", [rows(), rows(None), rows("")], ids=["no row", "null", "empty"])
def test_who_is_no_affiliate_hears_so(world: World, partner: Client, found: Response) -> None:
    """403 that says what is missing where, whatever id they name."""
    world.outside.answers[TABLE] = found

    answers = use(partner, "user-a")

    assert [403] * 3 == statuses(answers)
    assert "you are no affiliate: no row of Supabase's table affiliates" in answers[0].body["error"]


def test_ids_in_another_case_are_the_callers_own(world: World, issuer: Issuer, partner: Client) -> None:
    """A UUID means the same in capitals, whether the caller or the table writes it so; other ids are taken exactly."""
    own = "1d2e3f4a-aaaa-4bbb-8ccc-ddddeeeeffff"
    world.outside.answers[TABLE] = rows(own, "AFF-1A2B3C4D")
    user = world.open("jwt").as_(issuer.token(own))
    begun = user.post("chat/send", user_id=own.upper(), message="Hello")

    assert [200] * 3 == statuses(use(partner, own.upper()))
    assert [403] * 6 == statuses(use(partner, "aff-1a2b3c4d") + use(partner, "2d2e3f4a-AAAA-4bbb-8ccc-ddddeeeeffff"))
    assert 200 == begun.status
    assert 1 == len(user.get("chat/conversations", f"user_id={own.upper()}").body["conversations"])


def test_a_user_with_several_rows_is_each_of_these_affiliates(world: World, partner: Client) -> None:
    """Rows that somebody made twice lock nobody out."""
    world.outside.answers[TABLE] = rows("AFF-1A2B3C4D", "AFF-5E6F7G8H", None)

    assert [200] * 6 == statuses(use(partner, "AFF-1A2B3C4D") + use(partner, "AFF-5E6F7G8H"))


@pytest.mark.parametrize(
    "answered",
    [
        None,
        Response(500),
        Response(401, b'{"message":"Invalid API key"}'),
        Response(404),
        Response(200, b"<html>"),
        Response(200, b'{"a": 1}'),
        Response(200, b'[{"user_id": "user-a"}]'),
        Response(200, b"[5]"),
        Response(200, b"null"),
        Response(200, b"[" * 100_000),
    ],
    ids=["silent", "500", "401", "404", "HTML", "an object", "other columns", "numbers", "null", "nested"],
)
def test_an_outage_is_said_and_forgotten(world: World, partner: Client, answered: Response | None) -> None:
    """503 `unavailable`, told apart from trouble of the store; as soon as Supabase answers, everything works."""
    if answered is not None:
        world.outside.answers[TABLE] = answered

    failed = use(partner, "AFF-1A2B3C4D")

    assert [(503, "unavailable", "1")] * 3 == [(a.status, a.code, a.headers["retry-after"]) for a in failed]
    assert all("affiliates" in answer.body["error"] for answer in failed)
    world.outside.answers[TABLE] = rows("AFF-1A2B3C4D")
    assert [200] * 3 == statuses(use(partner, "AFF-1A2B3C4D"))


def test_an_outage_stops_neither_chats_nor_admins(world: World, issuer: Issuer, partner: Client) -> None:
    """Supabase is asked only where somebody acts as an affiliate."""
    begin(world.open(), user="user-a")
    admin = world.open("jwt", supabase=SUPABASE).as_(issuer.token("boss", admin=True))

    assert 200 == partner.get("chat/conversations", "user_id=user-a").status
    assert [200] * 3 == statuses(use(admin, "AFF-1A2B3C4D"))
    assert [] == lookups(world)


def test_a_new_affiliate_is_known_soon(world: World, clock: FakeClock, partner: Client) -> None:
    """Whoever was none is asked for again after ten seconds, whoever is one after ten minutes."""
    world.outside.answers[TABLE] = rows()
    use(partner, "AFF-1A2B3C4D")
    world.outside.answers[TABLE] = rows("AFF-1A2B3C4D")

    clock.advance(UNKNOWN_MS / 1000)
    assert [200] * 3 == statuses(use(partner, "AFF-1A2B3C4D"))
    world.outside.answers[TABLE] = rows()
    clock.advance(KNOWN_MS / 1000 - 60)
    assert [200] * 3 == statuses(use(partner, "AFF-1A2B3C4D"))
    clock.advance(60)
    assert [403] * 3 == statuses(use(partner, "AFF-1A2B3C4D"))


@pytest.mark.parametrize("claim", [5, ["AFF-1A2B3C4D"], {}, True, " AFF-1 ", "x" * 129, "a\0b"])
def test_a_claim_that_is_no_id_is_not_accepted(world: World, issuer: Issuer, claim: Any) -> None:
    """A mistake in app_metadata must not let somebody be another affiliate than the one that was meant."""
    client = world.open("jwt", supabase=SUPABASE).as_(issuer.token("user-a", app_metadata={"affiliate_id": claim}))

    assert [401] * 3 == statuses(use(client, "user-a"))


@pytest.mark.parametrize("claim", [None, ""])
def test_an_empty_claim_says_nothing(world: World, issuer: Issuer, claim: str | None) -> None:
    """Then the table is asked."""
    world.outside.answers[TABLE] = rows("AFF-1A2B3C4D")
    client = world.open("jwt", supabase=SUPABASE).as_(issuer.token("user-a", app_metadata={"affiliate_id": claim}))

    assert [200] * 3 == statuses(use(client, "AFF-1A2B3C4D"))


def test_memory_is_bounded(clock: FakeClock) -> None:
    """Who was looked up longest ago is forgotten, and asked for again."""
    outside = Outside({TABLE: rows("AFF-1A2B3C4D")})
    ids = AffiliateIds(AffiliateTable(SUPABASE, outside), clock)

    for number in range(MOST_KEPT + 1):
        ids.of(Identity(f"user-{number}"))
    asked = len(outside.sent)
    ids.of(Identity(f"user-{MOST_KEPT}"))
    ids.of(Identity("user-0"))

    assert (MOST_KEPT + 1, asked + 1) == (asked, len(outside.sent))
