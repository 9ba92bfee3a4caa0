"""The arithmetic of rates: what is admitted in any span of time, what a wait promises, and clocks that are wrong."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.services.records.rates import CLOCK_ERROR, DAY, HOUR, MINUTE, Bucket, Quota, Rate
from commercive_cli.store.items import Item, Key
from commercive_cli.store.writes import applied, holds
from tests.services.fakes import START

KEY: Key = {"pk": "rate#test#x", "sk": "x"}
DEEPEST_STEP = 400_000
SECOND = 1_000

buckets = st.builds(Bucket, st.integers(1, 12), st.integers(1, 90), st.sampled_from([1, 7, MINUTE, HOUR]))
quotas = st.builds(Quota, st.integers(1, 12), st.sampled_from([1, 7, MINUTE]))
gaps = st.lists(st.one_of(st.just(0), st.integers(0, 2_000), st.integers(0, 300_000)), max_size=60)
steps = st.lists(st.integers(-DEEPEST_STEP, DEEPEST_STEP), max_size=60)


@dataclass
class Counted:
    """What is kept of one rate, by key, oldest first, and the times at which requests were admitted."""

    rate: Rate
    kept: dict[str, list[Item | None]] = field(default_factory=lambda: defaultdict(lambda: [None]))
    admitted: list[int] = field(default_factory=list)

    def states(self, at: int) -> list[Item | None]:
        return self.kept[self.rate.sort_key(at)]

    def wait(self, at: int) -> int:
        return self.rate.wait(self.states(at)[-1], at)

    def ask(self, at: int, age: int = 0) -> bool:
        """Ask at a time, having read what was kept `age` changes ago; try again with what the store says."""
        states = self.states(at)
        seen = states[-1 - min(age, len(states) - 1)]
        while not self.rate.wait(seen, at):
            write = self.rate.count(KEY, seen, at)
            if holds(write.when, states[-1]):
                states.append(applied(write, states[-1]))
                self.admitted.append(at)
                return True
            assert seen != states[-1], "a write that fits what is there goes through"
            seen = states[-1]
        return False


def times_after(gaps: Sequence[int]) -> list[int]:
    times = [START]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


@given(buckets, gaps, st.lists(st.integers(0, 5), min_size=61, max_size=61))
def test_no_span_of_time_admits_more_than_the_burst_and_what_refills(
    rate: Bucket, gaps: list[int], ages: list[int]
) -> None:
    """Whoever asks when, and however old what they read was: burst + most * t / seconds, for every span t."""
    counted = Counted(rate)
    for at, age in zip(times_after(gaps), ages, strict=False):
        counted.ask(at, age)

    for (first, begin), (last, end) in combinations(enumerate(counted.admitted), 2):
        assert last - first + 1 <= rate.burst + rate.most * (end - begin) / (rate.seconds * SECOND)


@given(buckets, gaps)
def test_a_full_bucket_admits_its_burst_and_everything_as_slow_as_it_refills(rate: Bucket, gaps: list[int]) -> None:
    """Nobody who keeps to the rate is ever refused, and the burst is there whenever nothing was asked for long."""
    counted = Counted(rate)
    slow = -(-rate.seconds * SECOND // rate.most)
    for at in times_after([slow + gap for gap in gaps]):
        assert counted.ask(at)

    full = counted.admitted[-1] + slow
    assert rate.burst == sum(counted.ask(full) for _ in range(rate.burst + 2))


@given(st.one_of(buckets, quotas), gaps)
def test_a_wait_is_neither_too_long_nor_too_short(rate: Rate, gaps: list[int]) -> None:
    """Who waits as long as told is admitted; a second less is too early."""
    counted = Counted(rate)
    for at in times_after(gaps):
        counted.ask(at)
        wait = counted.wait(at)
        assert 0 == counted.wait(at + wait * SECOND)
        assert not wait or 1 <= counted.wait(at + (wait - 1) * SECOND)


@given(st.one_of(buckets, quotas), gaps, st.integers(0, 10 * DEEPEST_STEP))
def test_time_alone_only_refills(rate: Rate, gaps: list[int], later: int) -> None:
    """While nobody asks, the wait never grows."""
    counted = Counted(rate)
    for at in times_after(gaps):
        counted.ask(at)

    assert counted.wait(at + later) <= counted.wait(at)


@given(buckets, steps)
def test_a_clock_that_steps_back_refills_nothing_and_locks_nobody_out(rate: Bucket, steps: list[int]) -> None:
    """Time that passed twice counts once; a clock that falls back by more than a minute costs one token at most.

    And nobody waits longer than for one token and the minute by which clocks may differ.
    """
    counted, at, latest, back, furthest = Counted(rate), START, START, 0, START
    longest = rate.seconds / rate.most + CLOCK_ERROR + 1
    for step in steps:
        at += step
        latest, furthest = max(latest, at), max(furthest, at)
        if at < furthest - CLOCK_ERROR * SECOND:  # in one step, or in several
            back, furthest = back + 1, at
        counted.ask(at)
        assert counted.wait(at) <= longest

    forward = sum(max(step, 0) for step in steps)
    span = forward if back else latest - START
    assert len(counted.admitted) <= rate.burst + back + rate.most * span / (rate.seconds * SECOND)


def test_clocks_that_differ_by_less_than_a_minute_share_one_bucket() -> None:
    """Two machines that take turns, one a minute ahead, admit no more than one machine would."""
    rate = Bucket(30, 1, MINUTE)
    counted = Counted(rate)
    for second in range(2 * HOUR):
        counted.ask(START + second * SECOND)
        counted.ask(START + (second + CLOCK_ERROR) * SECOND)

    assert 30 + (2 * HOUR - 1 + CLOCK_ERROR) // MINUTE == len(counted.admitted)


@pytest.mark.parametrize("years", [1, 50, -1])
def test_what_a_wrong_clock_left_behind_counts_as_one_token_at_most(years: int) -> None:
    """A bucket that shall be full next year has a token now and is empty then; one from last year is full."""
    rate = Bucket(30, 1, MINUTE)
    counted = Counted(rate)
    assert all(counted.ask(START + years * 365 * DAY * SECOND) for _ in range(30))

    admitted = [counted.ask(START) for _ in range(40)]

    assert (1 if years > 0 else 30) == sum(admitted)
    assert 60 == counted.wait(START)
    assert counted.ask(START + 60 * SECOND)


@pytest.mark.parametrize("kept", ["soon", None, {}, 0.5])
def test_what_is_no_number_locks_nobody_out(kept: object) -> None:
    """It counts as one token, and is a number from then on."""
    rate = Bucket(30, 1, MINUTE)
    counted = Counted(rate)
    counted.states(START).append({**KEY, "full_at": kept})

    assert [True, False] == [counted.ask(START), counted.ask(START)]
    assert counted.ask(START + 60 * SECOND)


@given(quotas, gaps, st.lists(st.integers(0, 5), min_size=61, max_size=61))
def test_a_quota_holds_in_every_period(rate: Quota, gaps: list[int], ages: list[int]) -> None:
    """Exactly so many, if so many asked; each period has an item of its own, which nobody has to read before."""
    counted, asked = Counted(rate), Counter[str]()
    for at, age in zip(times_after(gaps), ages, strict=False):
        asked[rate.sort_key(at)] += 1
        counted.ask(at, age)

    admitted = Counter(map(rate.sort_key, counted.admitted))
    assert {name: min(rate.most, times) for name, times in asked.items()} == admitted


def test_periods_begin_at_midnight_and_have_names_of_their_own() -> None:
    """A day's count ends at midnight UTC, and is told from another length's."""
    day, midnight = Quota(200, DAY), START - START % (DAY * SECOND)

    assert day.sort_key(midnight) == day.sort_key(midnight + DAY * SECOND - 1) != day.sort_key(midnight - 1)
    assert day.sort_key(midnight) != Quota(200, HOUR).sort_key(midnight)
    assert DAY == day.wait({"hits": 200}, midnight)
    assert 1 == day.wait({"hits": 200}, midnight + DAY * SECOND - 1)


@given(st.one_of(buckets, quotas), gaps)
def test_what_is_kept_expires_when_it_says_nothing_any_more(rate: Rate, gaps: list[int]) -> None:
    """An item may be deleted from `expires_at` on: no wait is lost by then; and that is soon."""
    counted = Counted(rate)
    for at in times_after(gaps):
        counted.ask(at)
        item = counted.states(at)[-1]
        assert item is not None
        gone = item["expires_at"] * SECOND
        assert 0 == counted.wait(gone)
        assert item.get("full_at", 0) <= gone * 1_000
        depth = rate.burst * rate.seconds / rate.most if isinstance(rate, Bucket) else rate.seconds
        assert gone <= at + (depth + CLOCK_ERROR + 2) * SECOND
