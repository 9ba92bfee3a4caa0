"""What clients are told over a wire that fails is what the tables hold, read by somebody who knows no code of ours."""

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.proof import raw_tables
from tests.proof.raw_tables import CHECKS
from tests.proof.wire import CLIENTS, Outcome, run

OPERATIONS = 15 * CLIENTS
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def outcome(real_endpoint: str) -> Outcome:
    return run(real_endpoint, seed=1, operations=OPERATIONS, processes=2)


def test_nothing_is_lost_doubled_or_miscounted(outcome: Outcome) -> None:
    """30 of 100 requests are dropped, cut short, refused, slow, or lose their reply, and every claim holds."""
    assert {claim: [] for claim in CHECKS} == outcome.broken
    assert OPERATIONS == len(outcome.asked)
    assert 0.2 < outcome.faults / outcome.sent < 0.4
    assert {"told", "refused"} == {each.end for each in outcome.asked}


def _a_message_again(tables: Rows) -> None:
    [first, *_] = (each for each in tables["messages"] if each["message_text"].startswith("shared-"))
    tables["messages"].append({**first, "message_id": "another"})


def _a_lead_is_lost(tables: Rows) -> None:
    tables["leads"] = [each for each in tables["leads"] if each["lead_name"] == "First"]


def _a_counter_drifts(tables: Rows) -> None:
    tables["conversations"][0]["unread_admin"] += 1


def _a_cent_drifts(tables: Rows) -> None:
    tables["affiliate_stats"][0]["total_commission"] += Decimal("0.01")


def _a_claim_is_lost(tables: Rows) -> None:
    tables["ops"] = [each for each in tables["ops"] if not each["pk"].startswith("request#chat/reply#")]


def _a_claim_answers_otherwise(tables: Rows) -> None:
    for each in tables["ops"]:
        if each["pk"].startswith("request#chat/send#"):
            each["answer"]["message_id"] = "another"


def _an_audit_row_is_lost(tables: Rows) -> None:
    lost = next(each for each in tables["ops"] if each["pk"].startswith("audit#lead#"))
    tables["ops"].remove(lost)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_a_message_again, "stored once"),
        (_a_lead_is_lost, "stored once"),
        (_a_counter_drifts, "counters"),
        (_a_cent_drifts, "to the cent"),
        (_a_claim_is_lost, "first answer"),
        (_a_claim_answers_otherwise, "first answer"),
        (_an_audit_row_is_lost, "history"),
    ],
)
def test_the_reader_sees_what_is_wrong(outcome: Outcome, spoil: Callable[[Rows], None], words: str) -> None:
    """Each kind of loss, doubling and drift is found in the tables of a run in which there was none."""
    tables: Any = deepcopy(outcome.tables)
    spoil(tables)
    [claim] = [claim for claim in CHECKS if words in claim]

    assert Outcome(outcome.seed, outcome.asked, outcome.sent, outcome.faults, tables).broken[claim]


def test_the_reader_knows_no_code_of_ours() -> None:
    """Nothing that it holds the tables to can be wrong in the same way as they are."""
    assert raw_tables.__file__ is not None
    assert "commercive_cli" not in Path(raw_tables.__file__).read_text()
