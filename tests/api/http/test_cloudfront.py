"""CloudFront in front of the API: it proves itself by a secret header, and then its word for an address counts."""

import pytest

from tests.api.test_seed_requests import make_link
from tests.api.test_submissions import submit
from tests.api.world import DASHBOARD, Client, World

ONE, TWO = "o" * 40, "t" * 40
SECRET, VIEWER = "x-commercive-origin", "cloudfront-viewer-address"


def through(client: Client, viewer: str, secret: str | None = ONE) -> Client:
    """Return a client whose requests come as from CloudFront, on behalf of a viewer."""
    proof = {SECRET: secret} if secret is not None else {}
    return Client(client.handle, client.log, {VIEWER: viewer, **proof}, client.address)


@pytest.fixture
def door(world: World) -> Client:
    return world.open(origin_secrets=(ONE, TWO), only_cloudfront=True)


@pytest.mark.parametrize("secret", [ONE, TWO])
def test_two_secrets_open_the_door(door: Client, secret: str) -> None:
    """So that one can take the place of the other while CloudFront sends either."""
    assert 200 == through(door, "192.0.2.1:4711", secret).get("health").status


@pytest.mark.parametrize("secret", [None, "", ONE[:-1], ONE + "o", ONE.upper(), f"{ONE}, {TWO}", "\udcff"])
def test_who_comes_past_cloudfront_is_refused(door: Client, secret: str | None) -> None:
    """Everything, also what is public and what asks for permission, before anything else is looked at."""
    client = through(door, "192.0.2.1:4711", secret)
    answers = [client.get("health"), client.send("OPTIONS", ""), client.send("POST", "", "{"), client.get("nonsense")]

    assert [(403, "denied")] * 4 == [(each.status, each.code) for each in answers]
    assert ONE not in client.log.getvalue()


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("192.0.2.1:4711", "192.0.2.1:80", True),
        ("192.0.2.1:4711", "192.0.2.2:4711", False),
        ("2001:db8:1:2::1:4711", "2001:db8:1:2::9:80", True),
        ("2001:db8:1:2::1:4711", "2001:db8:9:2::1:4711", False),
        ("[2001:db8:1:2::1]:4711", "2001:db8:1:2:0:0:0:1:80", True),
    ],
)
def test_limits_count_by_the_viewers_address(door: Client, first: str, second: str, same: bool) -> None:
    """Behind CloudFront all requests come from its few addresses; its header says who is behind them."""
    link_id = make_link(through(door, first))
    used_up = [submit(through(door, first), link_id).status for _ in range(31)]

    assert [200] * 30 + [429] == used_up
    assert (429 if same else 200) == submit(through(door, second), link_id).status


@pytest.mark.parametrize("header", ["", "198.51.100.1", "unknown", "1.2.3.4.5:80", ":80"])
def test_without_an_address_in_its_header_it_is_that_of_the_connection(door: Client, header: str) -> None:
    """A policy that does not pass the header on makes limits coarse, and opens none."""
    link_id = make_link(through(door, header))
    statuses = [submit(through(door, header), link_id).status for _ in range(31)]

    assert [200] * 30 + [429] == statuses
    assert 200 == submit(through(door.from_("203.0.113.9"), header), link_id).status


@pytest.mark.parametrize("secrets", [(), (ONE,)], ids=["not configured", "not proven"])
def test_nobody_else_is_believed_about_an_address(world: World, secrets: tuple[str, ...]) -> None:
    """Whoever comes by the function's own URL can write any header: 31 addresses are one."""
    client = world.open(origin_secrets=secrets)
    link_id = make_link(client)
    statuses = [submit(through(client, f"192.0.2.{n}:80", "w" * 40), link_id).status for n in range(31)]

    assert [200] * 30 + [429] == statuses


def test_both_ways_are_open_until_the_other_one_is_closed(world: World) -> None:
    """A dashboard that still calls the function's URL goes on working while CloudFront is set up."""
    client = world.open(origin_secrets=(ONE,))

    assert [200, 200] == [client.get("health").status, through(client, "192.0.2.1:80").get("health").status]


def test_a_page_can_read_why_it_is_refused(door: Client) -> None:
    """Refusals carry the CORS headers, as all answers do."""
    refused = door.get("health", origin=DASHBOARD)

    assert (403, DASHBOARD) == (refused.status, refused.headers["access-control-allow-origin"])
