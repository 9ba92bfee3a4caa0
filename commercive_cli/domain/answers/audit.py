"""Answers of the audit."""

from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.models import Sparse


class Finding(Sparse):
    """One broken invariant: which rule, in which table, on which item, what is wrong, and whether it was repaired."""

    invariant: str
    table: str
    id: str
    problem: str
    fixed: bool = False


class Audit(Answer):
    """The result of checking every invariant: items read by table, and each finding."""

    checked: dict[str, int]
    findings: list[Finding]


class Mended(Answer):
    """An item that was set right by hand: its key in words, and which attributes were set or removed."""

    table: str
    id: str
    mended: tuple[str, ...]
    changed: bool
