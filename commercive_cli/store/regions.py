"""Global tables with multi-region strong consistency, in which DynamoDB makes no transactions: they cannot be ours.

Source: Developer Guide, "How DynamoDB global tables work": they "do not support transaction operations, and will return
an error if those operations are invoked". The consistency of a global table cannot be changed after its creation.
"""

from collections.abc import Iterable

from commercive_cli.domain.errors import Misconfigured
from commercive_cli.store.port import TableInfo

STRONG = "multi-region strong consistency"
REMEDY = (
    "DynamoDB makes no transactions in such a table, and money and counters need them: use tables of one region, or a "
    "global table with eventual consistency, behind another prefix in --store"
)


def no_transactions(names: Iterable[str]) -> Misconfigured:
    """Return the error for tables in which DynamoDB makes no transactions."""
    return Misconfigured(f"{', '.join(names)}: {STRONG}; {REMEDY}")


def check_transactional(tables: Iterable[TableInfo | None]) -> None:
    """Raise Misconfigured, naming them, when tables have multi-region strong consistency; None is a missing table."""
    strong = [info.name for info in tables if info is not None and info.multi_region_strong]
    if strong:
        raise no_transactions(strong)
