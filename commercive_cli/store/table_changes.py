"""The changes that can be made to an existing table; each is a value that an engine carries out."""

from collections.abc import Callable
from dataclasses import dataclass

from commercive_cli.store.schema import Index

DEPLOY_TEMPLATE = "a stack owns the table: deploy its template again (`tables template` or `api template`)"
"""The way to any change there: a stack fails over what it meets and did not make, or takes it back."""

OnStatus = Callable[[str], None]
"""Is told, in a few words, the state of an operation that takes long.

If it raises, nobody waits for the operation any longer, but nothing is undone.
"""


def ignore_status(_words: str) -> None:
    """Do nothing: the default where nobody wants to know the state."""


@dataclass(frozen=True)
class SetTTL:
    """Delete items after the time in this attribute, or never. DynamoDB allows the next change after up to an hour."""

    attribute: str | None

    def __str__(self) -> str:
        return f"turn on TTL on {self.attribute}" if self.attribute else "turn off TTL"


@dataclass(frozen=True)
class SetRecovery:
    """Turn point-in-time recovery on or off."""

    on: bool

    def __str__(self) -> str:
        return f"turn {_on_or_off(self.on)} point-in-time recovery"


@dataclass(frozen=True)
class SetDeletionProtection:
    """Turn deletion protection on or off: while it is on, the table cannot be deleted."""

    on: bool

    def __str__(self) -> str:
        return f"turn {_on_or_off(self.on)} deletion protection"


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
    """Set these tags on the table; its other tags stay."""

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


def _on_or_off(on: bool) -> str:  # noqa: FBT001 - a word for a flag
    return "on" if on else "off"
