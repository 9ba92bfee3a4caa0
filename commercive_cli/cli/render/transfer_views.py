"""The views of exports, imports and cost estimates."""

from pydantic import BaseModel

from commercive_cli.cli.render.columns import FINDING, Column
from commercive_cli.cli.render.views import VIEWS, Section, View
from commercive_cli.domain.answers.tables import CostEstimate, PollingCosts
from commercive_cli.domain.answers.transfer import Exported, Imported, ImportPreview

_MOVED = (Column("table", "id"), Column("items", "count"), Column("already_there", "count", "skipped"))
_SIZE = (
    Column("table", "id"),
    Column("items", "count"),
    Column("read", "count"),
    Column("bytes", "count"),
    *(Column(name, words=lambda usd: f"{usd:.4f}") for name in ("storage_usd", "recovery_usd", "load_usd", "scan_usd")),
)
_HOT = (
    Column("table", "id", names=True),
    Column("id", "id", names=True),
    Column("items", "count"),
    Column("read", "count"),
)


class _Counted(BaseModel):
    """The number of items of one table."""

    table: str
    items: int


class _Moved(_Counted):
    """The numbers of items of one table that were stored, and that were skipped since their keys existed."""

    skipped: int


class _Preview(BaseModel):
    """The numbers of items of one table that an import would find new, equal and different."""

    table: str
    new: int
    equal: int
    different: int


def _previewed(answer: ImportPreview) -> list[_Preview]:
    return [
        _Preview(table=name, new=n, equal=answer.equal[name], different=answer.different[name])
        for name, n in answer.new.items()
    ]


def _counted(answer: Exported) -> list[_Counted]:
    return [_Counted(table=table, items=items) for table, items in answer.items.items()]


def _imported(answer: Imported) -> list[_Moved]:
    return [_Moved(table=name, items=n, skipped=answer.skipped[name]) for name, n in answer.stored.items()]


VIEWS[Exported] = View(_counted, _MOVED[:2])
VIEWS[Imported] = View(
    _imported,
    _MOVED,
    (
        Section(_imported, _MOVED),
        Section(lambda answer: answer.audit.findings if answer.audit else (), FINDING, "What the audit found"),
    ),
)
VIEWS[ImportPreview] = View(
    _previewed, (Column("table", "id"), *(Column(name, "count") for name in ("new", "equal", "different")))
)
VIEWS[CostEstimate] = View(
    lambda answer: answer.tables,
    _SIZE,
    (Section(lambda answer: answer.tables, _SIZE), Section(lambda answer: answer.hot, _HOT, "Hot keys")),
)
_POLLING = (
    Column("part", "id"),
    Column("whole_usd", "money", title="whole threads"),
    Column("new_usd", "money", title="only what is new"),
    Column("sampled_usd", "money", title="and 1% logged"),
)
VIEWS[PollingCosts] = View(lambda answer: answer.parts, _POLLING)
