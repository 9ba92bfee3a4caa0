"""Answers to commands that change many items: one result per id."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, SerializeAsAny

from commercive_cli.domain.answers.base import Answer, Failed


class BulkResult(BaseModel):
    """The result for one id of a bulk command: an answer or a failure."""

    model_config = ConfigDict(defer_build=True)

    id: str
    result: SerializeAsAny[Answer] | Failed


class Bulk(BaseModel):
    """A bulk command's results in the order of the ids."""

    model_config = ConfigDict(defer_build=True)

    success: bool
    results: Sequence[BulkResult]


class RowDecided(BulkResult):
    """The result for one row of a file, by the number that a spreadsheet shows."""

    row: int


class FileDecided(Bulk):
    """The results of all rows of a file that were to be decided, and the file that tells them."""

    results: Sequence[RowDecided]
    result_file: str
