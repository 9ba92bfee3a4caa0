"""Whatever writes and dies anywhere, or does not hear of its success, is done once when it is asked for again."""

from inspect import getsource, unwrap
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.api.actions import ACTIONS
from commercive_cli.cli.groups import GROUPS, load_group
from tests.proof.crash_cases import NOT_CUT, actions, commands
from tests.proof.crashes import Seen, cut_off, some, trials, violations
from tests.proof.mortal import WRITES
from tests.proof.planted import claim_not_written, put_then_increment, spoiled, written_as

CUTS = 3
"""How many of the cuts of each case are made here; `python -m tests.proof --part crashes` makes all."""

_OF_WRITERS = {"--yes", "--dry-run", "--key"}
"""Options of commands that write."""


def test_whoever_is_cut_off_and_asks_again_is_served_once(tmp_path: Path) -> None:
    """Items, files, answers and audit are those of one success, for every action, command and job over tables."""
    tallies = cut_off(trials(tmp_path), some(CUTS, seed=1))

    assert [] == violations(tallies)
    assert all(tally.cuts == CUTS * tally.cases > 0 for tally in tallies.values())


def test_everything_that_writes_is_cut_off(tmp_path: Path) -> None:
    """Every action that changes something, and every command that can be rehearsed or repeated, or asks first."""
    cases = {case.of for case in (*actions(), *commands())}
    found = {name for group in GROUPS for name in _writing(group, load_group(group))}

    assert {action.name for action in ACTIONS if action.method == "POST"} <= cases
    assert found == (cases - {action.name for action in ACTIONS}) | NOT_CUT.keys()
    assert all(set(WRITES).intersection(trial.success.calls) for trial in trials(tmp_path))


def _writing(name: str, command: Any) -> list[str]:
    commands = getattr(command, "commands", None)
    if commands is not None:
        return [each for below, sub in commands.items() for each in _writing(f"{name} {below}", sub)]
    options = {option for parameter in command.params for option in parameter.opts}
    return [name] if options & _OF_WRITERS or ".writing(" in getsource(unwrap(command.callback)) else []


@pytest.mark.parametrize(
    ("fault", "of"),
    [
        (written_as(claim_not_written), "chat/send"),
        (written_as(claim_not_written), "chat snooze"),
        (spoiled(put_then_increment), "chat/reply"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, fault: Seen, of: str) -> None:
    """A claim that is not written doubles the request, and a second transaction may never be made."""
    cases = [case for case in (*actions(), *commands()) if case.of == of]

    assert violations(cut_off(trials(tmp_path, cases, fault), lambda cuts: cuts))
