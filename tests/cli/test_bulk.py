"""Commands that change many: order, independence, and Ctrl-C."""

import os
import signal
import threading
from queue import SimpleQueue

import pytest

from commercive_cli.cli.bulk import is_many, run
from commercive_cli.cli.interrupts import deferred_interrupts
from commercive_cli.cli.late_signals import signals_heard
from commercive_cli.domain.answers.base import Answer, Failed
from commercive_cli.domain.answers.leads import LeadSubmitted
from commercive_cli.domain.errors import Conflict

GO_ON = threading.Event()


def test_results_come_in_the_order_of_the_ids() -> None:
    """Whichever item is done first, the report follows the command line."""
    later = threading.Event()

    def action(one: str) -> Answer:
        if one == "a":
            assert later.wait(60)
        later.set()
        return LeadSubmitted(lead_id=one)

    outcome = run(["a", "b", "c"], action, GO_ON)

    assert [each.id for each in outcome.bulk.results] == ["a", "b", "c"]
    assert outcome.bulk.success


def test_each_item_stands_alone() -> None:
    """An error of one id does not stop the others, and is reported with its code."""

    def action(one: str) -> Answer:
        if one == "bad":
            raise Conflict("decided otherwise")
        return Answer()

    outcome = run(["ok", "bad", "fine"], action, GO_ON)

    assert [each.result.success for each in outcome.bulk.results] == [True, False, True]
    assert Failed(error="decided otherwise", code="conflict") == outcome.bulk.results[1].result
    assert not outcome.bulk.success


def test_eight_run_at_a_time() -> None:
    """Eight items are worked on at once."""
    together = threading.Barrier(8, timeout=60)

    def action(_one: str) -> Answer:
        together.wait()
        return Answer()

    assert run([str(number) for number in range(16)], action, GO_ON).bulk.success


def test_no_more_than_eight_are_done_and_not_told() -> None:
    """A program that is killed while nobody reads its report has done eight items more than it told, not all."""
    ninth = threading.Event()
    begun: list[str] = []
    early: list[bool] = []

    def action(one: str) -> Answer:
        begun.append(one)
        if len(begun) == 9:
            ninth.set()
        return Answer()

    run([str(number) for number in range(9)], action, GO_ON, lambda _: early.append(ninth.wait(0.1)))

    assert not early[0]
    assert ninth.is_set()


def test_a_bug_is_reported_after_the_others_are_done() -> None:
    """An unexpected exception for one id does not hide the results of the others."""

    def action(one: str) -> Answer:
        if one == "bug":
            raise ZeroDivisionError("oops")
        return Answer()

    outcome = run(["bug", "ok"], action, GO_ON)

    assert [each.result.success for each in outcome.bulk.results] == [False, True]
    assert isinstance(outcome.bug, ZeroDivisionError)


def test_once_stopped_nothing_new_is_started() -> None:
    """Ctrl-C reports exactly the items that were done; the others are not in the report."""
    stop = threading.Event()

    def action(_one: str) -> Answer:
        stop.set()
        return Answer()

    outcome = run([str(number) for number in range(1000)], action, stop)

    assert 1 <= len(outcome.bulk.results) <= 8


def test_ctrl_c_is_deferred_once() -> None:
    """The first Ctrl-C lets a write finish, the second one stops at once."""
    with deferred_interrupts() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(60)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("arguments", "many"), [(["a"], False), (["a", "a"], False), (["a", "b"], True), (["-"], True)]
)
def test_one_id_is_not_many(arguments: list[str], many: bool) -> None:
    """One id gives the service's own answer, several give a report."""
    assert many == is_many(arguments)


def test_the_second_ctrl_c_waits_for_no_request() -> None:
    """Whoever presses it has been told that it stops at once: a store that does not answer holds nobody up."""
    over = threading.Event()

    def action(_one: str) -> Answer:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(60)
        os.kill(os.getpid(), signal.SIGINT)
        ended.put(over.wait(10))
        return Answer()

    ended: SimpleQueue[bool] = SimpleQueue()
    with deferred_interrupts() as stop, signals_heard(), pytest.raises(KeyboardInterrupt):
        run(["a", "b"], action, stop)
    over.set()

    assert ended.get(timeout=60)
