"""Least privilege: what the program asks of DynamoDB is what the template's policies allow, and nothing beside it.

The same recorders and the same evaluation of policies serve the tests of either policy; here they run together, and the
commands of support and of the affiliate programme go through as well.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.api.deploy.role_calls import recorded_on
from tests.api.world import FakeClock, Issuer
from tests.conftest import ENDPOINT, NO_SERVER, held_port, server_binary, started_server
from tests.e2e.operators_calls import calls_of_copies, calls_of_tables, policy_of_operators, program_at
from tests.e2e.test_every_command import READS, WRITES, words
from tests.engines.dynamodb.doubles import serving
from tests.engines.dynamodb.recorder import Recorder
from tests.policies import Call, Policy
from tests.proof.parts import Findings, Part, Row

_PATIENCE = 60


@contextmanager
def _endpoint() -> Iterator[str | None]:
    """Yield the URL of a real server, started for this run unless one is given; None where there is none."""
    binary = server_binary()
    if (given := os.environ.get(ENDPOINT)) or binary is None:
        yield given
        return
    with held_port() as port, TemporaryDirectory() as directory:
        server = started_server(binary, port, Path(directory) / "log")
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(_PATIENCE)


def held_to(policy: Policy, calls: Mapping[str, set[Call]]) -> list[str]:
    """Return in words each call that the policy refuses, by who makes it, and each right that no call used."""
    refused = [
        f"{name}: {call} is not allowed" for name, made in calls.items() for call in made if not policy.allows(call)
    ]
    unused = policy.grants() - policy.used
    return refused + [
        f"{grant.action} on {grant.resource} is allowed, and nothing uses it" for grant in sorted(unused, key=str)
    ]


def _role(endpoint: str) -> tuple[Row, list[str]]:
    """Hold what every action asks to the policy of the function's role."""
    issuer = Issuer(FakeClock(), ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048))
    recorded = recorded_on(endpoint, issuer)
    return _row("the function's role", "actions", recorded.policy, recorded.calls)


def _operators(endpoint: str) -> tuple[Row, list[str]]:
    """Hold what every command asks to the policy for operators."""
    prefix = f"proof-{uuid4().hex[:8]}_"
    with TemporaryDirectory() as directory:
        home = Path(directory)
        calls = calls_of_tables(endpoint, prefix, home)
        shutil.rmtree(home)
        home.mkdir()
        daily = _of_daily_work(endpoint, prefix, home)
    calls |= daily | {"copies": calls_of_copies(prefix)}
    return _row("the policy for operators", "commands", policy_of_operators(prefix), calls)


def _of_daily_work(endpoint: str, prefix: str, home: Path) -> dict[str, set[Call]]:
    """Return what each command of support and of the affiliate programme asks."""
    found: dict[str, set[Call]] = {}
    recorder = Recorder(endpoint)
    with serving(recorder) as relay:
        program = program_at(relay.url, prefix, home)
        assert program("tables", "create", "--yes").code == 0
        few = "--conversations 3 --messages 9 --affiliates 1 --leads 3 --yes"
        assert program("tables", "seed", *few.split()).code == 0
        ids = {
            "CONVERSATION": program("chat", "list", "-o", "ids").out.split()[0],
            "LEAD": program("leads", "list", "--status", "pending", "-o", "ids").out.split()[0],
            "AFFILIATE": program("affiliates", "list", "-o", "ids").out.split()[0],
            "CODE": program("leads", "list", "-o", "json").json["leads"][0]["link_id"],
        }
        for line in [line for line in READS + WRITES if line.split()[0] in ("chat", "leads", "affiliates")]:
            recorder.taken()
            ran = program(*words(line, ids))
            assert ran.code in (0, 3, 5, 6, 7), (line, ran.err)  # 5 and 6: what an earlier line has changed
            found[line] = recorder.taken()
        program("tables", "delete", "--confirm", prefix)
    return found


def _row(whose: str, what: str, policy: Policy, calls: Mapping[str, set[Call]]) -> tuple[Row, list[str]]:
    broken = held_to(policy, calls)
    claim = f"{whose} allows what {len(calls)} {what} ask; each of its {len(policy.grants())} rights is used"
    return Row(claim, sum(map(len, calls.values())), 0, len(broken), "none"), [f"{whose}: {words}" for words in broken]


def prove(minutes: float, seed: int) -> Findings:
    """Run every action and every command once, whatever the minutes; nothing in it is chance."""
    del minutes, seed
    with _endpoint() as endpoint:
        if endpoint is None:
            return Findings(skipped=f"privileges: {NO_SERVER}")
        held = [_role(endpoint), _operators(endpoint)]
    return Findings([row for row, _ in held], [each for _, broken in held for each in broken])


PART = Part("privileges", "every action and command on a real server, held to the template's policies", prove)
