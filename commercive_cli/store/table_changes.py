"""What can be changed about a table that exists, each change a value that an engine carries out."""

from collections.abc import Callable
from dataclasses import dataclass

from commercive_cli.store.schema import Index

OnStatus = Callable[[str], None]
"""Hears in a few words how something that takes long is going; may raise, which ends the waiting and undoes nothing."""


def ignore_status(_words: str) -> None:
    """Hear progress and say nothing."""


@dataclass(frozen=True)
class SetTTL:
    """Let items expire by this attribute, or by none. DynamoDB takes up to an hour before it can be changed again."""

    attribute: str | None

    def __str__(self) -> str:
        return f"turn on TTL on {self.attribute}" if self.attribute else "turn off TTL"


@dataclass(frozen=True)
class SetRecovery:
    """Keep what point-in-time recovery needs, or stop keeping it."""

    on: bool

    def __str__(self) -> str:
        return f"turn {_on(self.on)} point-in-time recovery"


@dataclass(frozen=True)
class SetDeletionProtection:
    """Refuse to delete the table, or allow it."""

    on: bool

    def __str__(self) -> str:
        return f"turn {_on(self.on)} deletion protection"


@dataclass(frozen=True)
class SetBilling:
    """Bill the table in this mode."""

    mode: str

    def __str__(self) -> str:
        return f"set billing to {self.mode}"


@dataclass(frozen=True)
class SetEncryption:
    """Encrypt the table with this key: "AWS owned key" or "KMS"."""

    key: str

    def __str__(self) -> str:
        return f"encrypt with {self.key}"


@dataclass(frozen=True)
class SetTags:
    """Give the table these tags; others that it has stay."""

    tags: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return "set tags " + ", ".join(f"{name}={value}" for name, value in self.tags)


@dataclass(frozen=True)
class CreateIndex:
    """Add a global secondary index and fill it from the table."""

    index: Index

    def __str__(self) -> str:
        return f"create index {self.index.name}"


@dataclass(frozen=True)
class DropIndex:
    """Remove a global secondary index; the table's items stay."""

    name: str

    def __str__(self) -> str:
        return f"drop index {self.name}"


TableChange = (
    SetTTL | SetRecovery | SetDeletionProtection | SetBilling | SetEncryption | SetTags | CreateIndex | DropIndex
)


def _on(on: bool) -> str:  # noqa: FBT001 - a word for a flag
    return "on" if on else "off"
