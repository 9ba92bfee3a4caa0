"""Two agents through hundreds of commands, expiries, lost replies and outages up to ten minutes, on both engines.

`COMMERCIVE_TEST_SEED` says with which seed; a failure names its own.
"""

import os
from pathlib import Path

from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.claims import read_claims
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.snoozing import all_due
from commercive_cli.store.port import Store
from tests.services.chat.shift import ACTS, MINUTE, Shift
from tests.services.fakes import DAY, ManualClock
from tests.services.raw_data import errors_in

COMMANDS = {"sqlite": 1_000, "dynamodb": 400}
SEED = int(os.environ.get("COMMERCIVE_TEST_SEED", "4"))
START = 2_000_000_000_000
"""A time ahead of everybody's, so that no store drops what has expired by its own clock."""
_REFUSED, _BROKE = {"written since", "HeldByOther", "Conflict", "ConversationClosed"}, {"line broke", "reply lost"}
_HAPPENED = {*ACTS, *_REFUSED, *_BROKE, "answers", "taken over"}
"""What a shift has to contain, or it would show nothing."""


def test_no_answer_is_blind_or_twice_and_nobody_is_lost(either: Store, clock: ManualClock, tmp_path: Path) -> None:
    """No answer goes behind what its author was not shown, none into a claim of another, none twice or lost.

    No two hold a conversation, whoever waits is in the queue at their place, and in the end everybody is next.
    """
    clock.now = START
    shift = Shift(either, clock, tmp_path / "seen", SEED)
    for commands in shift.run(COMMANDS[either.target.split()[0]]):
        assert [] == shift.broken, f"seed {SEED}, after {commands} commands"
        assert shift.who_waits() == shift.queue(), f"seed {SEED}, after {commands} commands"
        held = {name for name, claim in read_claims(either, shift.names, clock.now).items() if claim.valid}
        assert set() == {name for name in held if shift.others.chat.conversation(name).status != "open"}
    answers = shift.answers()
    print(f"seed {SEED}: {dict(sorted(shift.told.items()))}")  # noqa: T201 - for -rP

    assert {1} == set(answers.values())
    assert shift.acknowledged <= set(answers)
    assert set(shift.told) >= _HAPPENED
    assert [] == errors_in(either)
    assert [] == AuditService(either, clock).run("root").findings
    clock.advance(2 * DAY)
    waiting = shift.who_waits()
    desk = DeskService(ChatService(either, clock))
    taken = [claim.conversation_id for claim in iter(lambda: desk.claim_next("ann", duration=60 * MINUTE), None)]
    assert waiting == taken
    assert [] == list(all_due(either, clock.now))
