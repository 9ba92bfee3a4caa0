"""Everything that is chance in a simulated run, drawn from its seed and from where it is asked for.

A draw does not depend on the draws before it. So what is taken out of a run leaves the chances of the rest alone, which
is what makes a failing run easy to shrink.
"""

from collections.abc import Iterable

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15

Site = tuple[int, ...]
"""Where something is drawn: what kind of thing, and then the step, its attempt and the number of the call."""

SWITCH, FAULT, TIME, LAG, SKEW, CUT, ID, CODE, STEP, NEXT, SIDE, TOLD, EXPIRY = range(13)
"""The kinds of draws."""


def mixed(*parts: int) -> int:
    """Return 64 bits that look random and follow from the numbers (splitmix64, one round for each)."""
    state = 0
    for part in parts:
        state = (state + part * _GOLDEN + _GOLDEN) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


class Chance:
    """Draws numbers of one seed, and decides what happens; `only` allows some of that, None everything.

    `happened` are the sites at which something did, in order.
    """

    def __init__(self, seed: int, only: Iterable[Site] | None = None) -> None:
        self._seed = seed
        self._only = None if only is None else frozenset(only)
        self.happened: list[Site] = []

    def number(self, *site: int) -> int:
        """Return 64 random bits of a site."""
        return mixed(self._seed, *site)

    def below(self, limit: int, *site: int) -> int:
        """Return a number from 0 to below the limit."""
        return self.number(*site) % limit

    def happens(self, per_mille: int, *site: int) -> bool:
        """Return whether something happens at a site, which it does so many times in a thousand."""
        if self.number(*site) % 1000 >= per_mille or (self._only is not None and site not in self._only):
            return False
        self.happened.append(site)
        return True
