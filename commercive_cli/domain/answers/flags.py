"""Flags of leads: what an answer says of them, and their words."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_serializer

from commercive_cli.domain.models import Lead

FlagName = Literal["self_referral", "same_email", "same_phone", "same_store", "many_at_once"]
_SHARED = {"same_email": "e-mail", "same_phone": "phone", "same_store": "shop"}
_OWN = {"email": "e-mail", "store": "shop", "user": "id"}


class Flag(BaseModel):
    """Something about a lead to look at before it is paid for.

    `others` are leads that it is about, newest first, at most ten; `count` is how many there are, without the lead
    itself. `same` says what a self-referral has of its affiliate: email, store or user. `minutes` and `link_id` belong
    to many at once: that many came over the link within that time.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    flag: FlagName
    others: tuple[str, ...] = ()
    count: int = 0
    same: tuple[str, ...] = ()
    minutes: int | None = None
    link_id: str | None = None

    @model_serializer
    def _shown(self) -> dict[str, Any]:
        shown = {"flag": self.flag, "with": list(self.others), "count": self.count}
        more = {"same": list(self.same), "minutes": self.minutes, "link_id": self.link_id}
        return shown | {name: value for name, value in more.items() if value}

    @property
    def label(self) -> str:
        """Return the flag in a word or two."""
        if self.flag == "self_referral":
            return f"own {_OWN[self.same[0]]}"
        return _SHARED.get(self.flag) or f"{self.count + 1:,} at once"

    @property
    def beginning(self) -> str:
        """Return the words of the flag, but for the other leads whose ids go on with them."""
        if self.flag == "self_referral":
            return f"the affiliate's own {' and '.join(_OWN[each] for each in self.same)}"
        if self.flag == "many_at_once":
            return f"{self.count + 1:,} leads within {self.minutes} minutes over link {self.link_id}"
        return f"same {_SHARED[self.flag]} as"

    @property
    def end(self) -> str:
        """Return the words that go on behind the id of the first other lead, if there are more."""
        return f" and {self.count - 1:,} more" if self.count > 1 else ""

    @property
    def names_another(self) -> bool:
        """Return whether its words need the id of another lead."""
        return self.flag in _SHARED

    def words(self) -> str:
        """Return the flag in words, with the whole id of the first other lead."""
        return f"{self.beginning} {self.others[0]}{self.end}" if self.names_another else self.beginning


class Compared(BaseModel):
    """With how many other leads a lead was compared, and whether these are all of its affiliate."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    leads: int
    all_of_affiliate: bool


class FlaggedLead(Lead):
    """A lead and its flags, which are not stored with it."""

    flags: tuple[Flag, ...] = ()


def in_words(flags: Iterable[Flag]) -> str:
    """Return all flags in words, with whole ids."""
    return "; ".join(flag.words() for flag in flags)
