"""`commercive affiliates sync`: Supabase shows each affiliate's primary link, whatever was missed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.postgrest import NEW_KEY, OLD_KEY, PostgREST, postgrest
from tests.cli.conftest import Run


@pytest.fixture
def supabase(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgREST]:
    """A project in the environment, with a key of the newer kind."""
    with postgrest() as project:
        monkeypatch.setenv("COMMERCIVE_SUPABASE_URL", project.url)
        monkeypatch.setenv("COMMERCIVE_SUPABASE_KEY", NEW_KEY)
        yield project


def make_link(store: Run, affiliate: str, shop: str = "") -> str:
    """Create a link and return its address."""
    line = ("affiliates", "create-link", affiliate, "--email", "a@example.com", "--store-url", shop, "-o", "json")
    return str(store(*line).json["affiliate_url"])


def test_the_primary_link_is_shown(store: Run, supabase: PostgREST) -> None:
    """Where the row names no shop, the link without one; the second time nothing is left to do."""
    row, other = supabase.add("user-1", "aff-1"), supabase.add("user-2", "aff-2")
    url = make_link(store, "aff-1")
    make_link(store, "aff-1", "second.shop")

    first, again = (store("affiliates", "sync", "aff-1", "-o", "json").json for _ in range(2))

    assert {"success": True, "affiliate_id": "aff-1", "before": None, "form_url": url, "changed": True} == first
    assert (url, False) == (again["before"], again["changed"])
    assert (url, None) == (row["form_url"], other["form_url"])


def test_each_row_shows_the_link_of_its_shop(store: Run, supabase: PostgREST) -> None:
    """In any spelling of the shop; a row without a shop that has a link shows the newest, as create-link does."""
    rows = [
        supabase.add(user, "aff-1", shop)
        for user, shop in (("u-1", "https://Second.shop/"), ("u-2", "elsewhere.shop"), (None, None))
    ]
    shops = ("first.shop", "second.shop", "third.shop")
    urls = [make_link(store, "aff-1", shop) for shop in shops]

    ran = store("affiliates", "sync", "aff-1", "-o", "json").json

    assert [urls[1], urls[2], urls[2]] == [row["form_url"] for row in rows]
    assert (None, urls[1], True) == (ran["before"], ran["form_url"], ran["changed"])
    assert 0 == store("affiliates", "sync", "--dry-run").code


def test_keys_of_the_older_kind_work_as_well(store: Run, supabase: PostgREST, monkeypatch: pytest.MonkeyPatch) -> None:
    """In both headers, as Supabase wants them."""
    monkeypatch.setenv("COMMERCIVE_SUPABASE_KEY", OLD_KEY)
    row, url = supabase.add("user-1", "aff-1"), make_link(store, "aff-1")

    assert 0 == store("affiliates", "sync", "aff-1").code
    assert url == row["form_url"]


def test_without_ids_everybody_with_a_link_is_set_right(store: Run, supabase: PostgREST) -> None:
    """Who has several links is one affiliate, who has none is left out; each is reported."""
    urls = {name: make_link(store, name) for name in ("aff-1", "aff-2", "aff-3")}
    make_link(store, "aff-1", "second.shop")
    rows = {name: supabase.add(f"user of {name}", name) for name in (*urls, "aff-without-link")}
    rows["aff-2"]["form_url"] = urls["aff-2"]
    rows["aff-3"]["form_url"] = "https://dashboard.commercive.co/affiliate-form?ref=OLD"

    ran = store("affiliates", "sync")

    assert 0 == ran.code, ran.err
    assert {
        f"aff-1\tnothing → {urls['aff-1']}",
        "aff-2\twas right",
        f"aff-3\thttps://dashboard.commercive.co/affiliate-form?ref=OLD → {urls['aff-3']}",
    } == set(ran.out.splitlines()[1:])
    assert urls | {"aff-without-link": None} == {name: row["form_url"] for name, row in rows.items()}


def test_a_dry_run_shows_what_differs_and_writes_nothing(store: Run, supabase: PostgREST) -> None:
    """Exit code 3 when something does, 0 when nothing does."""
    row, url = supabase.add("user-1", "aff-1"), make_link(store, "aff-1")

    ran = store("affiliates", "sync", "--dry-run")

    assert (3, [f"aff-1\tnothing → {url}"]) == (ran.code, ran.out.splitlines()[1:])
    assert row["form_url"] is None
    assert {"GET"} == {method for method, _ in supabase.asked}
    store("affiliates", "sync")
    assert 0 == store("affiliates", "sync", "--dry-run").code


def test_each_item_stands_alone(store: Run, supabase: PostgREST) -> None:
    """An affiliate without a link, or without a row, fails by name and stops nobody; ids may come from stdin."""
    row, url = supabase.add("user-1", "aff-1"), make_link(store, "aff-1")
    make_link(store, "aff-2")

    ran = store("affiliates", "sync", "-", "-o", "json", stdin="nobody\naff-1\naff-2\n")

    results = {each["id"]: each["result"] for each in ran.json["results"]}
    assert (7, url) == (ran.code, row["form_url"])
    assert ("not_found", True, "not_found") == (
        results["nobody"]["code"],
        results["aff-1"]["changed"],
        results["aff-2"]["code"],
    )
    assert "has no link" in results["nobody"]["error"]
    assert "Supabase's table affiliates has no row for affiliate aff-2" in results["aff-2"]["error"]


def test_an_outage_is_told_from_a_mistake(store: Run, supabase: PostgREST) -> None:
    """Exit code 75: the same line may be repeated."""
    make_link(store, "aff-1")
    supabase.works = False

    ran = store("affiliates", "sync", "aff-1")

    assert (75, 1) == (ran.code, ran.err.count("\n"))
    assert "HTTP 503" in ran.err


def test_without_a_project_it_says_what_to_set(store: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both variables are named, and nothing is asked of anybody."""
    for name in ("COMMERCIVE_SUPABASE_URL", "COMMERCIVE_SUPABASE_KEY"):
        monkeypatch.delenv(name, raising=False)

    ran = store("affiliates", "sync", "aff-1")

    assert (78, "", 1) == (ran.code, ran.out, ran.err.count("\n"))
    assert "set COMMERCIVE_SUPABASE_URL, and its service key as COMMERCIVE_SUPABASE_KEY" in ran.err


def test_a_read_only_profile_writes_nothing_elsewhere_either(
    store: Run, supabase: PostgREST, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 4; what would change may be seen all the same."""
    row = supabase.add("user-1", "aff-1")
    make_link(store, "aff-1")
    (home / "config.toml").write_text("[profiles.look]\nread_only = true\n")
    monkeypatch.setenv("COMMERCIVE_PROFILE", "look")

    assert (4, None) == (store("affiliates", "sync", "aff-1").code, row["form_url"])
    assert 3 == store("affiliates", "sync", "aff-1", "--dry-run").code
