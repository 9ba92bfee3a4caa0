"""Everything at once, for a minute: kills, clocks that jump by up to a month, full disks. What was told holds."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commercive_cli.domain.clock import StoreTime
from commercive_cli.services.audit.service import AuditService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, MESSAGES, OPS
from tests.benchmarks.rough_night import Night, answered, opened, settle
from tests.e2e.embedded import file_store
from tests.e2e.stores import server_store
from tests.e2e.traffic import opened_conversations, opened_leads
from tests.services.raw_data import errors_in, everything, rows

pytestmark = pytest.mark.benchmark

SECONDS = float(os.environ.get("COMMERCIVE_TEST_SECONDS", "60"))
DISK = "256m"


@pytest.fixture
def clock_library() -> str:
    """Return the path of libfaketime, which gives a process a clock of its own."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        pytest.skip("libfaketime is not installed (on Debian: faketime)")
    return str(found[0])


@contextmanager
def small_disk(directory: Path) -> Iterator[Path | None]:
    """Mount a small disk; None where this user may not."""
    directory.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", directory], check=False)  # noqa: S603, S607
    try:
        yield None if mounted.returncode else directory
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", directory], check=True)  # noqa: S603, S607


def prepare(store: Store, directory: Path) -> None:
    codes, leads = opened_leads(store)
    plan = {"conversations": opened_conversations(store), "codes": codes, "leads": leads}
    (directory / "plan.json").write_text(json.dumps(plan))


def assert_all_held(store: Store, night: Night, where: str) -> None:
    """Assert that the books are exact, everything acknowledged is there once, and every key is remembered."""
    logs = night.logs()
    for log in logs:
        assert all(settle(store, StoreTime(), log, request) for request in log.open_requests())
    told = {key: (log.asked[key], answer) for log in logs for key, answer in log.told.items()}
    kinds = Counter(request["kind"] for request, _ in told.values())
    refused = sum(len(log.refused) for log in logs)
    print(f"{night.kills} kills, {night.fills} full disks, {len(told):,} told {dict(kinds)}, {refused} refused")  # noqa: T201 - it measures
    messages, leads = rows(store, MESSAGES), rows(store, LEADS)
    texts = Counter(message["message_text"] for message in messages)
    names = Counter(lead["lead_name"] for lead in leads)
    before = everything(store)
    time = StoreTime()
    with opened(where, time) as again:
        now = {key: answered(again, time, request) for key, (request, _) in told.items()}
    after = everything(store)

    assert [] == night.errors()
    assert [] == errors_in(store)
    assert [] == [each for each in AuditService(store).run("root").findings if each.invariant != "message-time"]
    assert all(texts[key] == 1 for key, (request, _) in told.items() if request["kind"] in {"send", "new", "reply"})
    assert all(names[key] == 1 for key, (request, _) in told.items() if request["kind"] == "submit")
    assert {key: answer for key, (_, answer) in told.items()} == now
    assert {name: before[name] for name in before if name != OPS.name} == {
        name: after[name] for name in after if name != OPS.name
    }


def test_one_file(tmp_path: Path, clock_library: str) -> None:
    """Eight processes on one file lose nothing, double nothing and forget no key."""
    with small_disk(tmp_path / "disk") as disk:
        path = (disk or tmp_path) / "store.db"
        with file_store(path) as store:
            prepare(store, tmp_path)
        night = Night(tmp_path, str(path), clock_library, disk)
        night.run(SECONDS)
        with file_store(path) as store:
            assert_all_held(store, night, str(path))


def test_a_server(tmp_path: Path, real_endpoint: str, clock_library: str) -> None:
    """Eight clients of a server likewise."""
    with server_store(real_endpoint) as store:
        prepare(store, tmp_path)
        where = f"{real_endpoint} {store.prefix}"
        night = Night(tmp_path, where, clock_library)
        night.run(SECONDS)
        assert_all_held(store, night, where)
