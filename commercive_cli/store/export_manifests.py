"""The two manifests of DynamoDB's own exports, in S3 as in a downloaded directory.

Below the prefix of an export, `AWSDynamoDB/ID/` holds `manifest-summary.json`, which is written last, and
`manifest-files.json`, with a line for each data file. The data of a full export is in `AWSDynamoDB/ID/data/`; that of
incremental exports is in `AWSDynamoDB/data/`, which they share. An empty file `_started` means nothing.
Source: DynamoDB Developer Guide, "DynamoDB table export output format".
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import from_json

from commercive_cli.domain.errors import Invalid

SUMMARY = "manifest-summary.json"
FILES = "manifest-files.json"
FULL = "FULL_EXPORT"
Count = Annotated[int, Field(ge=0, lt=2**63)]
"""A number of items in a manifest."""

_QUOTED = 100


class ExportSubject(BaseModel):
    """What an export is of: a whole table, or the changes of a time."""

    table_arn: str = Field(alias="tableArn")
    export_type: str = Field(alias="exportType", default=FULL)
    output_view: str | None = Field(alias="outputView", default=None)
    since: str | None = Field(alias="exportFromTime", default=None)
    until: str | None = Field(alias="exportToTime", default=None)

    @property
    def table(self) -> str:
        """Return the name of the exported table."""
        return self.table_arn.rpartition("/")[2]

    def check_full(self, where: str) -> None:
        """Raise Invalid, which names the kind of export, when it does not hold the whole table."""
        if self.export_type == FULL:
            return
        what = ", ".join(filter(None, (self.export_type, self.output_view)))[:_QUOTED]
        time = f" from {self.since} to {self.until}"[:_QUOTED] if self.since else ""
        raise Invalid(
            f"{where}: exportType is {what}{time}: it holds changes, and no whole table; only a {FULL} can be imported"
        )


class ExportSummary(ExportSubject):
    """The summary of an export."""

    items: Count = Field(alias="itemCount")
    output_format: str = Field(alias="outputFormat")

    def check_importable(self, where: str) -> None:
        """Raise Invalid when it is no full export in the format DYNAMODB_JSON."""
        self.check_full(where)
        if self.output_format != "DYNAMODB_JSON":
            raise Invalid(
                f"{where}: outputFormat is {self.output_format[:_QUOTED]}; only DYNAMODB_JSON can be imported"
            )


class ExportedFile(BaseModel):
    """A data file of an export: its MD5 in base64, and its key in S3."""

    items: Count = Field(alias="itemCount")
    md5: str = Field(alias="md5Checksum")
    key: str = Field(alias="dataFileS3Key")


def subject_in(where: str, text: str) -> ExportSubject:
    """Return what a summary says of its export; raise Invalid, saying where, when it is damaged."""
    return ExportSubject(**_parse_object(where, text, ExportSubject))


def importable(where: str, text: str) -> ExportSummary:
    """Return a summary; raise Invalid, saying where, when it is damaged, or of an export that cannot be imported."""
    subject_in(where, text).check_full(where)
    summary = ExportSummary(**_parse_object(where, text, ExportSummary))
    summary.check_importable(where)
    return summary


def exported_files(where: str, text: str) -> Iterator[ExportedFile]:
    """Yield the data files that a manifest names; raise Invalid, naming the line, when it is damaged."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield ExportedFile(**_parse_object(f"{where}, line {number}", line, ExportedFile))


def check_count(where: str, summary: ExportSummary, files: list[ExportedFile]) -> None:
    """Raise Invalid when the files of an export do not hold as many items as its summary says."""
    total = sum(file.items for file in files)
    if total != summary.items:
        raise Invalid(f"{where}: itemCount is {summary.items}, the files of {FILES} have {total} items")


def _parse_object(where: str, text: str, model: type[BaseModel]) -> dict[str, Any]:
    try:
        document = from_json(text)
    except ValueError:
        raise Invalid(f"{where} is not JSON") from None
    if not isinstance(document, dict):
        raise Invalid(f"{where}: expected an object, found {text.strip()[:_QUOTED]}")
    try:
        model.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    return document
