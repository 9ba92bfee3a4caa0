"""Answers to commands that change many items: one result per id."""

from pydantic import BaseModel, SerializeAsAny

from commercive_cli.domain.answers.base import Answer, Failed


class BulkResult(BaseModel):
    """The result for one id of a bulk command: an answer or a failure."""

    id: str
    result: SerializeAsAny[Answer] | Failed


class Bulk(BaseModel):
    """A bulk command's results in the order of the ids."""

    success: bool
    results: list[BulkResult]
