"""`commercive whoami`: who acts on which store, and by what clock."""

import re
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.engines.dynamodb.doubles import Reply, Request, refusal, script, serving, success

SEVEN_MINUTES = 420


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")


def test_actor_profile_and_store_have_their_sources(store: Run, home: Path) -> None:
    """Each is told with where it was taken from, and whether writes are refused or asked about."""
    (home / "config.toml").write_text('[profiles.prod]\nactor = "maria"\nprotected = true\n')
    ran = store("--profile", "prod", "--as", "me", "whoami")
    document = store("--profile", "prod", "whoami", "-o", "json").json

    assert ran.out.splitlines()[:4] == [
        "what\tvalue\tsource",
        "actor\tme\t--as",
        "profile\tprod, protected\t--profile",
        f"store\tsqlite {home}/store.db\tCOMMERCIVE_STORE",
    ]
    assert (True, False, None) == (document["protected"], document["read_only"], document["refusal"])
    assert {"actor": "COMMERCIVE_ACTOR", "profile": "--profile", "store": "COMMERCIVE_STORE"} == document["sources"]


def test_a_file_has_the_clock_of_this_machine(store: Run) -> None:
    """There is no difference."""
    before = time.time_ns() // 1_000_000
    document = store("whoami", "-o", "json").json

    assert before <= document["store_clock"] <= document["clock"]
    assert document["ahead_ms"] == 0
    assert "as the store's, to the second" in store("whoami").out


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(("seconds", "says"), [(-SEVEN_MINUTES, "ahead of"), (SEVEN_MINUTES, "behind")])
def test_a_clock_that_differs_is_told(run: Run, seconds: int, says: str) -> None:
    """By how much at least, to the second."""

    def answer(_: Request) -> Reply:
        return Reply(success().body, 200, {"Date": formatdate(time.time() + seconds, usegmt=True)})

    began = time.time()
    with serving(answer) as server:
        ran = run("--store", f"dynamodb://eu-west-1?endpoint={server.url}", "whoami")
    told = re.search(rf"(\d+)m(?: (\d+)s)? {says} the store's", ran.out)

    assert 0 == ran.code
    assert told is not None
    assert abs(60 * int(told[1]) + int(told[2] or 0) - SEVEN_MINUTES) <= 2 + time.time() - began


@pytest.mark.usefixtures("credentials")
def test_a_refusal_shows_the_clocks_and_fails(run: Run) -> None:
    """Credentials that are refused since the clocks differ: the difference is shown, and the exit code is 4."""
    date = {"Date": formatdate(time.time() - 3 * 3600, usegmt=True)}
    with serving(script(Reply(refusal("InvalidSignatureException").body, 400, date))) as server:
        ran = run("--store", f"dynamodb://eu-west-1?endpoint={server.url}", "whoami", "-o", "json")

    assert 4 == ran.code
    assert "does not accept these credentials" in ran.err
    assert "does not accept these credentials" in ran.json["refusal"]
    assert 3 * 3600 * 1000 - 2_000 < ran.json["ahead_ms"] < 3 * 3600 * 1000 + 600_000


@pytest.mark.usefixtures("credentials")
def test_silence_shows_what_is_known_and_fails(run: Run) -> None:
    """A store that cannot be reached: who would act where, then the error as of any other command."""
    with serving(script(None)) as server:
        url = server.url
    ran = run("--store", f"dynamodb://eu-west-1?endpoint={url}", "whoami")

    assert (75, True) == (ran.code, "cannot connect" in ran.err)
    assert "admin-1" in ran.out
    assert "the store did not tell its own" in ran.out


def test_a_store_without_tables_is_told(run: Run, home: Path) -> None:
    """A named file that is missing is what has to be set up."""
    ran = run("whoami")

    assert 78 == ran.code
    assert f"commercive: no store at {home}/store.db; create it with `commercive tables create`\n" == ran.err
