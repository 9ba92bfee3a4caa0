"""Answers to a person's request to export or erase their data."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from commercive_cli.domain.answers.base import Answer


class Candidate(BaseModel):
    """What may be a person's: a lead, an id of theirs, an address or a phone number, and what points to it."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    id: str
    kind: Literal["lead", "id", "address", "number"]
    reason: str


class PersonFound(Answer):
    """What is known to be a person's, and what may be.

    `items` counts by kind what is theirs, `mentions` what others wrote with an address, phone number or long id of
    theirs in it. `confirmed` says whether Supabase was asked which affiliate ids are a user's.
    """

    ids: list[str]
    addresses: list[str]
    numbers: list[str]
    confirmed: bool
    items: dict[str, int]
    mentions: int
    candidates: list[Candidate] = Field(default_factory=list)


class PersonExported(Answer):
    """How many items of each table are a person's, and what may be theirs and was not taken."""

    items: dict[str, int]
    candidates: list[Candidate] = Field(default_factory=list)


class PersonErased(Answer):
    """An erasure: the pseudonyms that replaced the person's ids, and how many items of each table were changed.

    `remaining` is what still shows the person and is in reach, `elsewhere` what is not: copies that were made before.
    `candidates` may be theirs and were not taken.
    """

    pseudonyms: list[str]
    items: dict[str, int]
    remaining: list[str] = Field(default_factory=list)
    elsewhere: list[str] = Field(default_factory=list)
    candidates: list[Candidate] = Field(default_factory=list)
