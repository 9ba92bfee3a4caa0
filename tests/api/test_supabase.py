"""A new link is written to Supabase, if configured; when that fails, the link exists all the same."""

import json
from dataclasses import replace
from typing import Any

import pytest

from commercive_cli.api.http.errors import OutsideUnavailable
from commercive_cli.api.http.outbound import Response
from commercive_cli.api.supabase import AffiliateTable
from commercive_cli.settings.supabase import SupabaseSettings
from tests.api.postgrest import NEW_KEY, OLD_KEY, postgrest
from tests.api.world import SUPABASE, Issuer, World

TABLE = "https://project.supabase.co/rest/v1/affiliates"
NEW = {"affiliate_id": "aff/1&x=y", "affiliate_email": "a@example.com", "store_url": "my.shop"}
WRITTEN = Response(204, headers={"content-range": "0-0/1"})


def test_the_affiliates_row_gets_the_url(world: World) -> None:
    """One PATCH in PostgREST's dialect, the id quoted, the key in headers alone."""
    world.outside.answers[TABLE] = WRITTEN

    created = world.open(supabase=SUPABASE).post("affiliate/create-link", **NEW)

    [(method, url, headers, body)] = world.outside.sent
    assert (True, "PATCH") == (created.body["supabase_synced"], method)
    assert f"{TABLE}?affiliate_id=eq.aff%2F1%26x%3Dy" == url
    assert {"form_url": created.body["affiliate_url"]} == json.loads(body)
    assert ("service-key", "Bearer service-key") == (headers["apikey"], headers["authorization"])
    assert "service-key" not in url


@pytest.mark.parametrize(
    ("who", "filters"),
    [
        ({"app_metadata": {"affiliate_id": "AFF-1"}}, "affiliate_id=eq.AFF-1&user_id=eq.somebody"),
        ({"admin": True}, "affiliate_id=eq.AFF-1"),
    ],
    ids=["the affiliate", "an admin"],
)
def test_the_row_is_that_of_the_user_and_the_affiliate(
    world: World, issuer: Issuer, who: dict[str, Any], filters: str
) -> None:
    """A user's own row alone is written; an admin makes links for others, whose user ids the request does not tell."""
    world.outside.answers[TABLE] = WRITTEN
    client = world.open("jwt", supabase=SUPABASE).as_(issuer.token("somebody", **who))

    client.post("affiliate/create-link", **NEW | {"affiliate_id": "AFF-1"})

    assert [f"{TABLE}?{filters}"] == [url for method, url, _, _ in world.outside.sent if method == "PATCH"]


def test_newer_keys_go_into_one_header(world: World) -> None:
    """They are no tokens: Supabase refuses them in Authorization."""
    world.outside.answers[TABLE] = WRITTEN

    world.open(supabase=replace(SUPABASE, key="sb_secret_abc")).post("affiliate/create-link", **NEW)

    [(_, _, headers, _)] = world.outside.sent
    assert ("sb_secret_abc", False) == (headers["apikey"], "authorization" in headers)


@pytest.mark.parametrize(
    "answered",
    [
        None,
        Response(500),
        Response(401),
        Response(302),
        Response(204, headers={"content-range": "*/0"}),
    ],
    ids=["unreachable", "broken", "refused", "redirect", "no such affiliate"],
)
def test_a_failure_is_reported_and_never_loses_the_link(world: World, answered: Response | None) -> None:
    """supabase_synced is false, the link exists, the log has the reason; a repetition tries again."""
    if answered is not None:
        world.outside.answers[TABLE] = answered
    client = world.open(supabase=SUPABASE)

    created = client.post("affiliate/create-link", **NEW)

    world.outside.answers[TABLE] = Response(204)
    again = client.post("affiliate/create-link", **NEW)
    assert (200, False, True) == (created.status, created.body["supabase_synced"], created.body["created"])
    assert "supabase_not_synced" in client.log.getvalue()
    assert NEW["affiliate_id"] not in client.log.getvalue()
    assert (True, False, created.body["link_id"]) == (
        again.body["supabase_synced"],
        again.body["created"],
        again.body["link_id"],
    )


def test_without_a_project_nothing_is_said_of_it(world: World) -> None:
    """The answer has the field only where Supabase is configured."""
    created = world.open().post("affiliate/create-link", **NEW)

    assert ("supabase_synced" in created.body, world.outside.sent) == (False, [])


def test_the_key_is_not_logged(world: World) -> None:
    """Not even when the call fails."""
    client = world.open(supabase=replace(SUPABASE, key="very-secret"))

    client.post("affiliate/create-link", **NEW)

    assert "very-secret" not in client.log.getvalue()


def test_where_one_key_is_refused_the_second_is_tried() -> None:
    """Supabase takes an old key back at once: what is asked meanwhile goes on with the other one."""
    with postgrest() as project:
        project.add("user-a", NEW["affiliate_id"])
        asks = [
            AffiliateTable(SupabaseSettings(project.url, *keys))
            for keys in ((NEW_KEY,), ("sb_secret_gone", NEW_KEY), ("sb_secret_gone", OLD_KEY))
        ]
        found = [table.ids_of("user-a") for table in asks]
        with pytest.raises(OutsideUnavailable, match="HTTP 401"):
            AffiliateTable(SupabaseSettings(project.url, "sb_secret_gone", "sb_secret_wrong")).ids_of("user-a")

    assert [{NEW["affiliate_id"]}] * 3 == found
