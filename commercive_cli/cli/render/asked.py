"""What a list was asked for, and the sentence above it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Asked:
    """What a list was asked for, in words: `open` `conversation` `of user u-1`.

    `said` are the columns whose value these words tell, so that no row repeats it; `order` is the order that was asked
    for, where a list has more than one.
    """

    noun: str = ""
    before: str = ""
    after: tuple[str, ...] = field(default=())
    order: str = ""
    said: tuple[str, ...] = field(default=())

    def sentence(self, count: int, *, more: bool) -> str:
        """Return how many there are, or that there are none."""
        if not count:
            return f"No {self.words(2)}."
        return f"{'The first ' if more else ''}{count:,} {self.words(count)}"

    def words(self, count: int) -> str:
        """Return the words for so many, without the number."""
        plural = self.noun if count == 1 else f"{self.noun}s"
        return " ".join(filter(None, (self.before, plural, *self.after)))
