"""The views of archives, and of what a retention policy would take."""

from commercive_cli.cli.render.columns import NEVER_DROPPED, Column
from commercive_cli.cli.render.views import VIEWS, Section, View
from commercive_cli.domain.answers.retention import Archived, ArchivePreview, Due, Retention

_COUNTS = (
    Column("conversations", "count", weight=NEVER_DROPPED),
    Column("messages", "count"),
    Column("notes", "count"),
)
_SPAN = (
    Column("oldest", "time", title="closed from"),
    Column("newest", "time", title="to"),
    Column("left_count", "count", title="left"),
)
_POLICY = (Column("policy", "status"), _COUNTS[0], *_SPAN, Column("command", wide=True))
_LEFT = (Column("conversation_id", "id", names=True), Column("reason", "prose"))


def _view(columns: tuple[Column, ...]) -> View:
    def single(answer: Due) -> tuple[Due]:
        return (answer,)

    return View(
        single,
        columns,
        (Section(single, columns), Section(lambda answer: answer.left, _LEFT, "Left where they are")),
        named=lambda answer: answer.left,
    )


VIEWS[Due] = _view((_COUNTS[0], *_SPAN))
VIEWS[ArchivePreview] = _view((*_COUNTS, *_SPAN))
VIEWS[Archived] = _view((*_COUNTS, *_SPAN, Column("directory", "id", wide=True)))
VIEWS[Retention] = _view(_POLICY)
