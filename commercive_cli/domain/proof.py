"""What a registry of users and affiliates says about an id."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Proof:
    """`ids` are the same person's; `doubtful` ones may be, each with the reason."""

    ids: frozenset[str] = frozenset()
    doubtful: tuple[tuple[str, str], ...] = ()
