"""Guards are found from the code, and one that nobody would miss is told from one that is needed."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.proof.guards.conditions import conditions
from tests.proof.guards.copies import ROOT
from tests.proof.guards.explained import EXPLAINED
from tests.proof.guards.harness import harness
from tests.proof.guards.rules import RULES
from tests.proof.guards.sources import PACKAGE, Guard, Package

WRITES = "commercive_cli/store/writes.py"
MADE_UP = """
LIMIT = 3
_OPEN = Equals("status", "open")

def _seen(item: Item, *, strict: bool) -> Condition:
    return wholly_unchanged(OPS, item) if strict else All()

def claim(at: int) -> Put:
    return Put(OPS, {"pk": "claim"}, when=Absent())

def writes(self, key: Key, item: Item, extra: list[Condition], still: Condition = _OPEN) -> list[Write]:
    as_read = unchanged(item, "status", *self.names)
    if len(extra) > LIMIT:
        raise Invalid("too many")
    free: list[Condition] = [Missing("until")]
    return [
        claim(1),
        Check(CHAT, key, still),
        Update(CHAT, key, set={"a": 1}, when=All(as_read, _seen(item, strict=True), Below("at", 5), *extra)),
        Delete(OPS, key, when=AnyOf(All(Exists(), Equals("a", 1)), *free)),
        Put(CHAT, item, None),
        Put(CHAT, item),
    ]
"""
FOUND = """
services/made_up.py:3:9 Equals("status", "open") (not asked)
services/made_up.py:6:12 wholly_unchanged(OPS, item) (not asked)
services/made_up.py:9:12 Put(OPS, {"pk": "claim"}, when=Absent()) (not claimed)
services/made_up.py:9:43 Absent() (not asked)
services/made_up.py:11:83 _OPEN (not asked)
services/made_up.py:12:31 "status" (not asked)
services/made_up.py:12:41 *self.names (not asked)
services/made_up.py:15:30 Missing("until") (not asked)
services/made_up.py:15:30 Missing("until") (no alternative)
services/made_up.py:17:9 claim(1) (not claimed)
services/made_up.py:18:26 still (not asked)
services/made_up.py:19:50 as_read (not asked)
services/made_up.py:19:59 _seen(item, strict=True) (not asked)
services/made_up.py:19:85 Below("at", 5) (not asked)
services/made_up.py:19:101 *extra (not asked)
services/made_up.py:20:31 AnyOf(All(Exists(), Equals("a", 1)), *free) (not asked)
services/made_up.py:20:37 All(Exists(), Equals("a", 1)) (no alternative)
services/made_up.py:20:41 Exists() (not asked)
services/made_up.py:20:51 Equals("a", 1) (not asked)
services/made_up.py:20:68 *free (no alternative)
"""
ENGINE = """
_BUSY = {"Throttled", "SlowDown"}

def kind_of(error: Exception) -> FailureKind:
    return FailureKind.BUSY if error.code in _BUSY else FailureKind.FINAL

LONGEST = 3

def send(connection, body):
    if len(body) > LONGEST:
        raise Refused
    if not (body and checksum(body) == 1):
        raise Damaged
    connection.execute("BEGIN IMMEDIATE")
    return {"ClientRequestToken": token()}
"""
FOUND_IN_ENGINES = """
engines/dynamodb/x.py:2:10 "Throttled" (not listed)
engines/dynamodb/x.py:2:23 "SlowDown" (not listed)
engines/dynamodb/x.py:5:32 error.code in _BUSY (not told apart)
engines/dynamodb/x.py:10:8 len(body) > LONGEST (not refused)
engines/dynamodb/x.py:10:20 LONGEST (one more is let through)
engines/dynamodb/x.py:12:13 body (not refused)
engines/dynamodb/x.py:12:22 checksum(body) == 1 (not refused)
engines/dynamodb/x.py:15:13 "ClientRequestToken": token() (not said)
engines/sqlite/x.py:2:10 "Throttled" (not listed)
engines/sqlite/x.py:2:23 "SlowDown" (not listed)
engines/sqlite/x.py:5:32 error.code in _BUSY (not told apart)
engines/sqlite/x.py:10:8 len(body) > LONGEST (not refused)
engines/sqlite/x.py:10:20 LONGEST (one more is let through)
engines/sqlite/x.py:12:13 body (not refused)
engines/sqlite/x.py:12:22 checksum(body) == 1 (not refused)
engines/sqlite/x.py:14:5 connection.execute("BEGIN IMMEDIATE") (not done)
engines/sqlite/x.py:14:24 "BEGIN IMMEDIATE" (not at once)
"""
ASKED = re.compile(r"\b(?:Absent|Exists|Missing|Equals|Below)\(")
"""How a service asks for something, as text."""

AUDIT_LOG = "services/records/audit_log.py"


@pytest.fixture(scope="module")
def guards() -> list[Guard]:
    return Package.at(ROOT).guards(RULES.values())


def test_every_condition_of_a_source_is_found() -> None:
    """Each member of a conjunction, each alternative, and each claim is a guard of its own."""
    assert FOUND.split("\n")[1:-1] == _found({"services/made_up.py": MADE_UP})


def test_every_guard_of_an_engine_is_found() -> None:
    """What kinds of failures there are, what is refused, what requests say and what is done in SQLite are guards."""
    sources = {f"engines/{each}/x.py": ENGINE for each in ("dynamodb", "sqlite")}

    assert FOUND_IN_ENGINES.split("\n")[1:-1] == _found(sources)


def test_no_condition_of_the_services_is_overlooked(guards: list[Guard]) -> None:
    """Wherever the text of a service asks for something there is a guard: a new one is dropped without being listed."""
    paths = (ROOT / PACKAGE / "services").rglob("*.py")
    sources = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}
    found = {(guard.path, at) for guard in guards for at in range(*guard.span)}
    asked = [(path, place) for path, source in sources.items() for place in ASKED.finditer(source.decode("latin-1"))]

    assert len(asked) > 80
    assert [] == [f"{path}: {place[0]}" for path, place in asked if (path, place.start()) not in found]


def test_what_is_explained_is_there(guards: list[Guard]) -> None:
    """A reason why no test can miss a guard goes when the guard goes."""
    assert [] == sorted(EXPLAINED.keys() - {guard.name for guard in guards})


def test_a_guard_that_is_needed_is_told_from_one_that_is_not() -> None:
    """Without a guard that is needed a test fails; one without which everything is as before is told to survive."""
    sources = {path: (ROOT / path).read_bytes() for path in (f"{PACKAGE}/{AUDIT_LOG}", WRITES)}
    needed = next(guard for guard in Package(sources).guards([conditions]) if guard.path.endswith(AUDIT_LOG))
    redundant = replace(needed, replacement=needed.text)
    with harness(1) as lent:
        probes = lent.probes(["tests/services/records/test_audit_log.py"], [needed])
        survives, missed = sorted(lent.verdicts([needed, redundant], probes), key=lambda each: each.missed_by or "")

    assert (redundant, None) == (survives.guard, survives.missed_by)
    assert (needed, set()) == (missed.guard, probes.failed)
    assert missed.missed_by in probes.seconds


def _found(sources: Mapping[str, str]) -> list[str]:
    """Return what is found in made-up modules, without the name of the package."""
    made_up = {f"{PACKAGE}/{path}": source.encode() for path, source in sources.items()}
    guards = Package({WRITES: (ROOT / WRITES).read_bytes(), **made_up}).guards(RULES.values())
    return [str(guard).removeprefix(f"{PACKAGE}/") for guard in guards if guard.path in made_up]
