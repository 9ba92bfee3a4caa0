"""After `kill -9` at any moment of `leads decide`, each lead is decided or untouched, and the same line goes on."""

import json
import signal
import subprocess
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from commercive_cli.domain.models import Lead
from commercive_cli.domain.revisions import revision_of
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS, OPS
from commercive_cli.store.writes import Put
from tests.cli.process import PROGRAM, started
from tests.e2e.conftest import Program, Start
from tests.e2e.stores import ENGINES, engine_store
from tests.services.raw_data import errors_in, rows

COUNT = 350
AFFILIATES = 7
POINTS = 7
"""How many times the command is killed: each time when it has told of some more leads."""

PAGE = 4_096
AT = 1_790_000_000_000


def lead(number: int) -> dict[str, object]:
    return {
        "lead_id": f"LEAD-{number:08}",
        "affiliate_id": f"aff-{number % AFFILIATES}",
        "link_id": "ABC10XYZ",
        "status": "pending",
        "lead_name": f"Lead {number}",
        "created_at": AT + number,
        "updated_at": AT + number,
    }


def filled(store: Store) -> None:
    """Store pending leads and the stats that count them."""
    leads = [lead(number) for number in range(COUNT)]
    store.batch_put(LEADS, leads)
    counted = Counter(each["affiliate_id"] for each in leads)
    for affiliate, count in counted.items():
        stats = {"affiliate_id": affiliate, "total_leads": count, "pending_leads": count, "version": 1}
        store.transact(Put(AFFILIATE_STATS, stats))


def file_of_decisions(path: Path) -> str:
    """Write a file that approves two of three leads, for amounts in cents, and rejects the third."""
    lines = ["lead_id;decision;commission_amount;rejection_reason;revision"]
    for number in range(COUNT):
        decided = "reject;;no" if number % 3 == 2 else f"approve;{number},{number % 100:02};"
        lines.append(f"LEAD-{number:08};{decided};{revision_of(Lead.of(lead(number)))}")
    path.write_text("\n".join(lines))
    return str(path)


def killed_at(program: Program, file: str, told: int) -> list[str]:
    """Run the command until it has told of so many leads, and kill it; return the leads that it told of.

    The pipe holds a dozen lines of the fifty that are left at least, so the command waits for us, and cannot be done.
    """
    command = [*PROGRAM, "leads", "decide", file, "--despite-flags", "-o", "jsonl"]
    streams: dict[str, int] = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "pipesize": PAGE}
    with started(command, **streams, env=program.environment) as run:
        assert run.stdout is not None
        lines = [run.stdout.readline() for _ in range(told)]
        run.kill()
    assert run.returncode == -signal.SIGKILL
    return [json.loads(line)["id"] for line in lines]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_decision_that_was_killed_goes_on(
    engine: str, request: pytest.FixtureRequest, start: Start, tmp_path: Path
) -> None:
    """What was told is done, nothing is half done, nothing is done twice; in the end all of it is, to the cent."""
    file, told = file_of_decisions(tmp_path / "d.csv"), set[str]()
    with engine_store(engine, request, tmp_path) as store:
        program = start(url_of(store, engine, request, tmp_path))
        filled(store)
        for point in range(POINTS):
            told |= set(killed_at(program, file, point * COUNT // POINTS))
            states = {each["lead_id"]: each["status"] for each in rows(store, LEADS)}

            assert told <= {each for each, status in states.items() if status != "pending"}
            assert [] == errors_in(store)
            assert [Path(file)] == [each for each in tmp_path.iterdir() if not each.name.startswith("store.db")]
        ran = program("leads", "decide", file, "--despite-flags", "-o", "json")
        assert (0, COUNT) == (ran.code, len(ran.json["results"]))
        amounts = [Decimal(number) + Decimal(number % 100) / 100 for number in range(COUNT) if number % 3 != 2]
        statuses = Counter(each["status"] for each in rows(store, LEADS))

        assert [] == errors_in(store)
        assert {"approved": len(amounts), "rejected": COUNT - len(amounts)} == statuses
        assert sum(amounts) == sum(each["total_commission"] for each in rows(store, AFFILIATE_STATS))
        assert COUNT == sum(each["pk"].startswith("audit#") for each in rows(store, OPS))


def url_of(store: Store, engine: str, request: pytest.FixtureRequest, directory: Path) -> str:
    """Return the URL by which the program opens the store of the test."""
    if engine == "sqlite":
        return f"sqlite:///{directory}/store.db"
    return f"dynamodb://eu-west-1?prefix={store.prefix}&endpoint={request.getfixturevalue('real_endpoint')}"
