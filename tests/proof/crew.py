"""Clients that take turns: each has a thread, of which exactly one runs at any time, until it hands over by itself.

So real code runs unchanged, and the order in which things happen follows from the choices alone.
"""

from collections.abc import Callable, Sequence
from threading import Lock, Thread

Job = Callable[[], None]


class _Hand:
    """A thread that does one job after another, whenever it gets the baton."""

    def __init__(self, finished: Callable[[int], None], number: int) -> None:
        self.turn = Lock()
        self.turn.acquire()
        self.job: Job = lambda: None
        self._finished = finished
        self._number = number
        Thread(target=self._work, name=f"client-{number}", daemon=True).start()

    def _work(self) -> None:
        while True:
            self.turn.acquire()
            self.job()
            self._finished(self._number)


class Crew:
    """Runs jobs that take turns. Its threads wait for the next jobs, as starting them takes longer than a short run."""

    def __init__(self) -> None:
        self._hands: list[_Hand] = []
        self._done = Lock()
        self._done.acquire()
        self._choose_next: Callable[[int, Sequence[int]], int] = lambda _, waiting: waiting[0]
        self.working: list[int] = []
        self.current = 0

    def run(self, jobs: Sequence[Job], choose_next: Callable[[int, Sequence[int]], int]) -> None:
        """Do all jobs; `choose_next` says who goes on when one is done. A job must not raise."""
        while len(self._hands) < len(jobs):
            self._hands.append(_Hand(self._finished, len(self._hands)))
        for hand, job in zip(self._hands, jobs, strict=False):
            hand.job = job
        self.working = list(range(len(jobs)))
        self._choose_next = choose_next
        if jobs:
            self._hand_over(choose_next(-1, self.working))
            self._done.acquire()

    def switch(self, to: int) -> None:
        """Let another job go on, and return when it is the turn of the present one again."""
        before = self.current
        if to != before:
            self._hand_over(to)
            self._hands[before].turn.acquire()

    def _hand_over(self, to: int) -> None:
        self.current = to
        self._hands[to].turn.release()

    def _finished(self, number: int) -> None:
        self.working.remove(number)
        if self.working:
            self._hand_over(self._choose_next(number, self.working))
        else:
            self._done.release()
