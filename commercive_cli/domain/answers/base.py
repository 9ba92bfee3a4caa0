"""What every answer has in common: success, and for lists the cursor of the next page."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """An answer to a request that succeeded."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    success: Literal[True] = True


class Listing(Answer):
    """One page of a list; `next_cursor` is the token for the next page, or None on the last."""

    next_cursor: str | None = None

    @classmethod
    def field(cls) -> str:
        """Return the name of the attribute that holds the items: the first one of this kind of list."""
        return next(name for name in cls.model_fields if name not in Listing.model_fields)


class Failed(BaseModel):
    """An answer to a request that failed; `code` is one of the error codes of the documentation."""

    model_config = ConfigDict(defer_build=True)

    success: Literal[False] = False
    error: str
    code: str
