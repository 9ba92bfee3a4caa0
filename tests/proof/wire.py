"""A wire that fails between the DynamoDB engine and a real server, clients that keep at it, and what holds afterwards.

python -m tests.proof.wire --seeds 20 --operations 20000
"""

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from commercive_cli.bootstrap import Services
from tests.conftest import ENDPOINT, NO_SERVER, held_port, server_binary, started_server
from tests.forkserver import FORKSERVER
from tests.proof import raw_tables
from tests.proof.parts import Findings, Part, Row, table
from tests.proof.raw_tables import CHECKS, Tables
from tests.proof.wire_clients import CREDENTIALS, USERS, Asked, Plan, services_at, work

CLIENTS, PROCESSES = 24, 4
OPERATIONS = 5_000
_PATIENCE, _POLL_SECONDS = 60.0, 0.02
_EACH = 0.05
_FAULTS: tuple[dict[str, Any], ...] = (
    {"reset": True},  # the request is lost
    {"response": {"abort_frac": 0.0}},  # it is carried out, and the reply is lost
    {"response": {"truncate_frac": 0.5}},
    {"error": {"code": "InternalServerError", "status": 500}},
    {"error": {"code": "ServiceUnavailable", "status": 503}},
    {"error": {"code": "ThrottlingException"}},
    {"latency": {"min": 20, "max": 200}},
)
"""What happens to a request; each as often, to 30 of 100 in all."""

_SHARE = 0.3
_SEEDED = """
import logging, random, sys
random.seed(int(sys.argv.pop(1)))
logging.disable()
from microburst.cli import main
sys.exit(main())
"""


@dataclass(frozen=True)
class Outcome:
    """What a run came to: what was asked, how many requests were sent and met a fault, and what the tables hold."""

    seed: int
    asked: Sequence[Asked]
    sent: int
    faults: int
    tables: Tables

    @property
    def broken(self) -> dict[str, list[str]]:
        """Return what does not hold of each claim, in words."""
        return {claim: list(check(self.tables, self.asked)) for claim, check in CHECKS.items()}


def rules() -> list[dict[str, Any]]:
    """Return the faults for the proxy, which tries one after the other: those behind come to fewer requests."""
    each, left = _SHARE / len(_FAULTS), 1.0
    found = []
    for fault in _FAULTS:
        found.append({"service": "*", "probability": each / left, **fault})
        left -= each
    return found


@contextmanager
def failing(upstream: str, seed: int) -> Iterator[str]:
    """Yield the URL of a proxy before a server, of whose requests 30 in a hundred go wrong."""
    with held_port() as port, TemporaryDirectory() as directory:
        config = Path(directory) / "rules.json"
        config.write_text(json.dumps({"rules": rules()}))  # JSON is YAML
        place = ["--host", "localhost", "--port", str(port), "--upstream", upstream, "--config", str(config)]
        proxy = subprocess.Popen(  # noqa: S603 - this Python
            [sys.executable, "-c", _SEEDED, str(seed), *place], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            url = f"http://localhost:{port}"  # of a name with dots it reads all services that AWS has, which takes 3 s
            _await(proxy, f"{url}/_microburst/health")
            yield url
        finally:
            proxy.terminate()
            proxy.wait(_PATIENCE)


def _await(proxy: "subprocess.Popen[bytes]", url: str) -> None:
    end = time.monotonic() + _PATIENCE
    while proxy.poll() is None and time.monotonic() < end:
        try:
            _json_at(url)
        except OSError:
            time.sleep(_POLL_SECONDS)
        else:
            return
    raise RuntimeError("microburst did not start: is it installed, as .ci/constraints.txt has it?")


def _json_at(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:  # noqa: S310 - the proxy's own
        return json.load(answer)


def run(endpoint: str, seed: int, operations: int, processes: int = PROCESSES) -> Outcome:
    """Let 24 clients work over a failing wire, then read the tables without it."""
    prefix = f"wire-{uuid4().hex[:8]}_"
    with _tables(_url(endpoint, prefix)) as direct:
        with failing(endpoint, seed) as proxy:
            plans = _plans(direct, _url(proxy, prefix), seed, operations, processes)
            with ProcessPoolExecutor(processes, mp_context=FORKSERVER) as pool:
                asked = [each for of_process in pool.map(work, plans) for each in of_process]
            met = _json_at(f"{proxy}/_microburst/stats")["requests"]
        return Outcome(seed, asked, met["total"], met["faulted"], raw_tables.read(endpoint, prefix))


@contextmanager
def _tables(url: str) -> Iterator[Services]:
    """Yield services over new tables, reached without faults; the environment has credentials in the block."""
    saved = {name: os.environ.get(name) for name in CREDENTIALS}
    os.environ.update(CREDENTIALS)
    direct = services_at(url)
    try:
        direct.tables.create()
        yield direct
        direct.tables.delete(direct.store.prefix)
    finally:
        direct.store.close()
        for name, value in saved.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _url(endpoint: str, prefix: str) -> str:
    return f"dynamodb://eu-west-1?prefix={prefix}&endpoint={endpoint}"


def _plans(direct: Services, url: str, seed: int, operations: int, processes: int) -> list[Plan]:
    """Make what the clients find at the beginning, and return what each process does."""
    users = [USERS[number % len(USERS)] for number in range(12)]
    conversations = [(direct.chat.send(user, "hello").conversation_id, user) for user in users]
    affiliates = ("aff-1", "aff-2", "aff-3")
    codes = [direct.affiliates.create_link(each, "a@example.com", "shop.example").link_id for each in affiliates]
    form = {"name": "First", "email": "a@example.com"}
    leads = [direct.leads.submit(codes[number % len(codes)], form).lead_id for number in range(9)]
    each = operations // CLIENTS
    groups = [range(CLIENTS)[number::processes] for number in range(processes)]
    return [Plan(url, seed, tuple(group), each, conversations, codes, leads) for group in groups]


@contextmanager
def server() -> Iterator[str | None]:
    """Yield the URL of a real server, the one that is given or a new one; None where there is none."""
    if given := os.environ.get(ENDPOINT):
        yield given
    elif (binary := server_binary()) is None:
        yield None
    else:
        with ExitStack() as stack:
            port = stack.enter_context(held_port())
            directory = Path(stack.enter_context(TemporaryDirectory()))
            started = started_server(binary, port, directory / "log")
            stack.callback(started.wait, _PATIENCE)
            stack.callback(started.terminate)
            yield f"http://127.0.0.1:{port}"


def findings(outcomes: Sequence[Outcome]) -> Findings:
    """Return what some runs came to."""
    operations, faults = sum(len(each.asked) for each in outcomes), sum(each.faults for each in outcomes)
    seeds = f"{outcomes[0].seed}-{outcomes[-1].seed}"
    broken = {each.seed: each.broken for each in outcomes}
    rows = [
        Row(claim, operations, faults, sum(len(of_seed[claim]) for of_seed in broken.values()), seeds)
        for claim in CHECKS
    ]
    return Findings(
        rows,
        [
            f"seed {seed}: {claim}: {words}"
            for seed, of_seed in broken.items()
            for claim, found in of_seed.items()
            for words in found
        ],
    )


def prove(minutes: float, seed: int) -> Findings:
    """Make runs of 5,000 operations while there is time, at least one."""
    end = time.monotonic() + minutes * 60
    with server() as endpoint:
        if endpoint is None:
            return Findings(skipped=NO_SERVER)
        outcomes: list[Outcome] = []
        for each in count(seed):
            outcomes.append(run(endpoint, each, OPERATIONS))
            if time.monotonic() >= end:
                return findings(outcomes)
    raise AssertionError


PART = Part("wire", "clients of a real server, over a wire on which 30 of 100 requests go wrong", prove)


def main(arguments: Sequence[str]) -> int:
    """Make so many runs of so many operations; return 1 when a claim did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.wire", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--operations", type=int, default=OPERATIONS, help="of each run")
    asked = parser.parse_args(arguments)
    with server() as endpoint:
        if endpoint is None:
            parser.error(NO_SERVER)
        found = findings([run(endpoint, asked.seed + number, asked.operations) for number in range(asked.seeds)])
    print("\n".join([*found.violations, *table(found.rows)]))  # noqa: T201 - this is a command
    return 0 if found.hold else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
