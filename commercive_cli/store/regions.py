"""Global tables with multi-region strong consistency, in which DynamoDB makes no transactions: they cannot be ours.

Source: Developer Guide, "How DynamoDB global tables work": they "do not support transaction operations, and will return
an error if those operations are invoked". The consistency of a global table cannot be changed after its creation.
"""

from collections.abc import Iterable

from commercive_cli.domain.errors import Misconfigured

STRONG = "multi-region strong consistency"
REMEDY = (
    "DynamoDB makes no transactions in such a table, and money and counters need them: use tables of one region, or a "
    "global table with eventual consistency, behind another prefix in --store"
)


def check_transactional(strong: Iterable[str]) -> None:
    """Raise Misconfigured, naming them, when tables have multi-region strong consistency."""
    names = ", ".join(strong)
    if names:
        raise Misconfigured(f"{names}: {STRONG}; {REMEDY}")
