"""Answers to a person's request to export or erase their data."""

from pydantic import Field

from commercive_cli.domain.answers.base import Answer


class PersonExported(Answer):
    """How many items of each table are about a person."""

    items: dict[str, int]


class PersonErased(Answer):
    """An erasure: the pseudonyms that replaced the person's ids, and how many items of each table were changed.

    `remaining` names items that still show an id or address: as part of an id that cannot change, or because the store
    refuses the item without it.
    `namesakes` counts leads of other people with the same name, which stay as they are.
    """

    pseudonyms: list[str]
    items: dict[str, int]
    remaining: list[str] = Field(default_factory=list)
    namesakes: int = 0
