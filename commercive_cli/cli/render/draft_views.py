"""The answer of `chat drafts`."""

from collections.abc import Iterable

from commercive_cli.cli.drafts import Draft
from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.views import VIEWS, View
from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import Sparse


class DraftShown(Sparse):
    """A reply that was not sent; `text` is missing when the file cannot be read. Times are milliseconds."""

    conversation_id: str
    saved_at: int
    actor: str
    reason: str
    text: str | None
    path: str


class DraftsShown(Answer):
    """The drafts of one store, newest first."""

    drafts: list[DraftShown]


def drafts_shown(drafts: Iterable[Draft]) -> DraftsShown:
    """Return the drafts as rows."""
    return DraftsShown(drafts=[_shown(draft) for draft in drafts])


def _shown(draft: Draft) -> DraftShown:
    record = draft.record
    values = record.model_dump(include={"conversation_id", "saved_at", "actor", "reason"})
    return DraftShown(**values, text=_text(draft), path=str(draft.path))


def _text(draft: Draft) -> str | None:
    try:
        return draft.text
    except Invalid:
        return None


_COLUMNS = (
    Column("conversation_id", "id", title="id", names=True),
    Column("saved_at", "time", title="written"),
    Column("reason", "prose", title="not sent because"),
    Column("text"),
    Column("actor", "id", wide=True),
    Column("path", "id", wide=True),
)
VIEWS[DraftsShown] = View(lambda answer: answer.drafts, _COLUMNS, empty="There are no drafts.")
