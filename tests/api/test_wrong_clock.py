"""A clock that is wrong, where the API runs: named in the log and corrected, or refused where it is not set."""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from commercive_cli.api.factory import create_application
from commercive_cli.api.telemetry import Telemetry
from commercive_cli.bootstrap import bootstrap
from commercive_cli.domain.clock import system_clock
from commercive_cli.settings.api import APISettings
from commercive_cli.settings.resolve import Settings
from commercive_cli.settings.store_url import StoreURL
from commercive_cli.store.schema import TABLES
from tests.api.world import Client
from tests.e2e.stores import server_store
from tests.engines.dynamodb.doubles import serving
from tests.engines.dynamodb.timed import Timed
from tests.services.fakes import DAY, ManualClock
from tests.services.raw_data import everything


def door(store: StoreURL, clock: ManualClock) -> Iterator[Client]:
    """Yield a client of an application that has opened its store, and whose machine has that clock."""
    log = io.StringIO()
    telemetry = Telemetry(log, service=f"test-{uuid4()}")
    services = bootstrap(Settings(store=store, actor="t"), clock=clock, on_wrong_clock=telemetry.warn)
    with closing(services.store):
        yield Client(create_application(APISettings(auth="none", address_key=b"k" * 32), services, telemetry), log)


@pytest.mark.parametrize("ahead", [10 * DAY, -10 * DAY])
def test_the_first_request_has_the_time_of_the_server(
    real_endpoint: str, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    """The log names the clock once; the request whose write was refused is answered as if nothing had been."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    timed = Timed(system_clock, real_endpoint)
    with serving(timed) as server, server_store(real_endpoint) as tables:
        url = StoreURL("dynamodb", region="eu-west-1", prefix=tables.prefix, endpoint=server.url)
        for client in door(url, ManualClock(system_clock() + ahead, step=0)):
            answers = [client.post("chat/send", user_id="u-1", message="Hello") for _ in range(2)]
            log = client.log.getvalue()

    assert [(200, True)] * 2 == [
        (each.status, abs(each.body["created_at"] - system_clock()) < 30_000) for each in answers
    ]
    assert (1, 1) == (timed.refused, log.count("this machine's clock is 10 days"))


@pytest.mark.parametrize("at", [-DAY, 4_102_444_800_000], ids=["1969", "2100"])
def test_a_clock_that_is_not_set_is_refused(tmp_path: Path, at: int) -> None:
    """In 1969 and 2100 nothing is written: the reply says that the service is not set up, the log why."""
    clock = ManualClock(step=0)
    for client in door(StoreURL("sqlite", path=tmp_path / "store.db"), clock):
        store = client.handle.backend.services.store  # type: ignore[attr-defined] # of an Application
        for table in TABLES:
            store.create_table(table)
        before = everything(store)
        clock.now = at
        sent = client.post("chat/send", user_id="u-1", message="Hello", key="k")
        lead = client.post("affiliate/submit-lead", link_id="A", lead_data={"name": "Ann", "email": "a@example.com"})
        clock.now = system_clock()
        log = [json.loads(line) for line in client.log.getvalue().splitlines()]

        assert [(503, "misconfigured")] * 2 == [(each.status, each.code) for each in (sent, lead)]
        assert 2 == sum("the clock of this machine says" in record.get("detail", "") for record in log)
        assert before == everything(store)
        assert 200 == client.post("chat/send", user_id="u-1", message="Hello", key="k").status
