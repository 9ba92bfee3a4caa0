"""`chat export`: writes transcripts to stdout, or to a file that is there only when it is whole."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from commercive_cli.cli.render.transcript_view import TranscriptFormat, transcript_text
from commercive_cli.cli.session import Session
from commercive_cli.domain.answers.transcripts import Exported, Transcript
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.transfer.durable_files import new_file


def chosen_format(form: TranscriptFormat | None, output: str, *, to_file: bool) -> TranscriptFormat:
    """Return the format of an export; `-o` names it as well where the export itself goes to stdout."""
    if to_file or output == "table":
        return form or "md"
    if output not in ("json", "csv") or form not in (None, output):
        raise Invalid(f"-o {output} is not what an export on stdout can be; pass --format md, json or csv alone")
    return "json" if output == "json" else "csv"


@dataclass
class Export:
    """One export of transcripts in a format."""

    session: Session
    form: TranscriptFormat
    transcripts: Iterable[Transcript]
    notes: bool = False
    _conversations: int = field(default=0, init=False)
    _messages: int = field(default=0, init=False)

    def to_stdout(self) -> None:
        """Write the transcripts to stdout as they are read."""
        with self.session.progress({"conversations": lambda: None}, beside=True) as (on_progress,):
            self.session.screen.write(transcript_text(self.form, self._counted(on_progress), notes=self.notes))

    def to_file(self, file: str) -> None:
        """Write a new file and show how much is in it. Raises Conflict when the file exists."""
        with self.session.progress({"conversations": lambda: None}) as (on_progress,), new_file(Path(file)) as written:
            written.writelines(transcript_text(self.form, self._counted(on_progress), notes=self.notes))
        self.session.show(
            Exported(file=file, format=self.form, conversations=self._conversations, messages=self._messages)
        )

    def _counted(self, on_progress: Callable[[int], None]) -> Iterator[Transcript]:
        for transcript in self.transcripts:
            self.session.log_access(transcript)
            self._conversations += 1
            self._messages += len(transcript.messages)
            yield transcript
            on_progress(1)
