"""What a run consists of: steps of several clients, made from a seed, of which some may be left out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.proof.chance import STEP, Site, mixed

MOST_CLIENTS = 30
_PICKS = 6


@dataclass(frozen=True)
class Step:
    """One request of a client: what is asked for, and numbers from which it follows about what.

    `number` stays what it is when other steps are left out.
    """

    number: int
    client: int
    action: str
    picks: tuple[int, ...]

    def pick(self, place: int, limit: int) -> int:
        """Return a number below the limit."""
        return self.picks[place] % limit


@dataclass(frozen=True)
class Plan:
    """The steps of a run. `only` are the sites at which chance may do something, None for all of them."""

    seed: int
    steps: tuple[Step, ...]
    only: frozenset[Site] | None = None

    @property
    def clients(self) -> list[int]:
        """Return the clients that have something to do."""
        return sorted({step.client for step in self.steps})

    def without(self, steps: Sequence[Step]) -> "Plan":
        """Return the plan without some steps."""
        left_out = {step.number for step in steps}
        return replace(self, steps=tuple(step for step in self.steps if step.number not in left_out))


def made(seed: int, themes: Sequence[Sequence[str]]) -> Plan:
    """Return the plan of a seed: mostly 2 to 5 clients with a few steps each, now and then up to 30 clients.

    A run is of one of the themes, or of all of them.
    """
    clients = 2 + mixed(seed, STEP, 0) % 4
    if mixed(seed, STEP, 1) % 50 == 0:
        clients = 2 + mixed(seed, STEP, 2) % (MOST_CLIENTS - 1)
    count = clients * (2 + mixed(seed, STEP, 3) % 4)
    everything = tuple(dict.fromkeys(each for theme in themes for each in theme))
    chosen = (*themes, everything)[mixed(seed, STEP, 4) % (len(themes) + 1)]
    kinds = [each for each in chosen if mixed(seed, STEP, 5, *each.encode()) % 4] or chosen
    return Plan(seed, tuple(_step(seed, number, clients, kinds) for number in range(1, count + 1)))


def _step(seed: int, number: int, clients: int, actions: Sequence[str]) -> Step:
    client, action, *picks = (mixed(seed, STEP, number, place) for place in range(100, 102 + _PICKS))
    return Step(number, client % clients, actions[action % len(actions)], tuple(picks))
