"""Answers of exports and imports, to files and to S3."""

from commercive_cli.domain.answers.audit import Audit
from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.answers.tables import Applied
from commercive_cli.domain.models import Sparse


class Exported(Answer):
    """A finished export: where it is, and how many items of each table it holds."""

    directory: str
    items: dict[str, int]


class Imported(Answer):
    """A finished import: how many items each table got, how many were there already, and what the audit found.

    `audit` is None where it was left out, since a table beside those that were chosen is not ours.
    """

    stored: dict[str, int]
    skipped: dict[str, int]
    audit: Audit | None


class ImportPreview(Answer):
    """What an import would do: how many items of each table are new, equal to the stored item, or different from it.

    `places` are the files and lines of the first hundred that are different.
    """

    new: dict[str, int]
    equal: dict[str, int]
    different: dict[str, int]
    places: list[str]


class S3Table(Sparse):
    """Where one table's data is in S3: an export's manifest, or the prefix that an import read.

    `errors` counts items that an import could not take, `expected` those that the export holds.
    """

    table: str
    uri: str
    items: int | None = None
    errors: int = 0
    expected: int | None = None

    @property
    def short(self) -> bool:
        """Return whether an import did not take all that the export holds, or took something else."""
        return bool(self.errors) or (self.expected is not None and self.items not in (None, self.expected))


class S3Exported(Answer):
    """A finished export to S3."""

    tables: list[S3Table]


class S3Imported(Answer):
    """A finished import from S3, the changes made to the new tables, and what the audit found in them."""

    tables: list[S3Table]
    applied: Applied
    audit: Audit
