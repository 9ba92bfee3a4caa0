"""Makes a failing run smaller: fewer clients, steps and faults, as long as the same kind of thing goes wrong."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.proof.chance import Site
from tests.proof.plans import Plan, Step
from tests.proof.simulation import Outcome

Part = TypeVar("Part")


def shrunk(failed: Outcome, run: Callable[[Plan], Outcome]) -> Outcome:
    """Return the smallest failing run that is found by leaving out clients, steps, and what chance did."""
    best = failed
    while True:
        before = _size(best)
        best = _with_fewer(best, run, _clients(best), lambda plan, gone: plan.without(gone))
        best = _with_fewer(best, run, [[step] for step in best.plan.steps], lambda plan, gone: plan.without(gone))
        best = _run_again(best, run)
        best = _with_fewer(best, run, [[site] for site in best.happened], _without_sites)
        if _size(best) == before:
            return best


def _size(outcome: Outcome) -> tuple[int, int]:
    return len(outcome.plan.steps), len(outcome.plan.only or outcome.happened)


def _clients(outcome: Outcome) -> list[list[Step]]:
    steps = outcome.plan.steps
    return [[step for step in steps if step.client == client] for client in outcome.plan.clients]


def _without_sites(plan: Plan, gone: Sequence[Site]) -> Plan:
    return replace(plan, only=(plan.only or frozenset()) - set(gone))


def _run_again(best: Outcome, run: Callable[[Plan], Outcome]) -> Outcome:
    """Allow from now on only what happened, so that it can be left out one by one."""
    again = run(replace(best.plan, only=frozenset(best.happened)))
    return again if _fails_alike(best, again) else best


def _with_fewer(
    best: Outcome,
    run: Callable[[Plan], Outcome],
    parts: Sequence[Sequence[Part]],
    without: Callable[[Plan, Sequence[Part]], Plan],
) -> Outcome:
    """Leave out parts, first many at once, then one by one."""
    left, size = list(parts), max(len(parts) // 2, 1)
    while size:
        at = 0
        while at < len(left):
            gone = [each for part in left[at : at + size] for each in part]
            tried = run(without(best.plan, gone))
            if _fails_alike(best, tried):
                best, left = tried, left[:at] + left[at + size :]
            else:
                at += size
        size //= 2
    return best


def _fails_alike(best: Outcome, tried: Outcome) -> bool:
    assert best.violation is not None
    return tried.violation is not None and tried.violation.name == best.violation.name
