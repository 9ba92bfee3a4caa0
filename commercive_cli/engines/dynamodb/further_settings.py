"""The settings of a table of which our declaration says nothing: they are shown, and never changed.

Each is told where it is not that of a new table (API Reference, "TableDescription", "PointInTimeRecoveryDescription";
Developer Guide, "Understanding DynamoDB warm throughput").
"""

from collections.abc import Iterator
from typing import Any

from commercive_cli.store.regions import STRONG

Description = dict[str, Any]
DEFAULT_RECOVERY_DAYS = 35
DEFAULT_WARM = (12_000, 4_000)
"""The read and write units a second that a new table takes at once."""

_NO_LIMIT = -1


def further_settings(described: Description, recovery_days: int | None) -> dict[str, str]:
    """Return them in words, by name, from DescribeTable and the recovery period in days, None if unknown."""
    return dict(_settings(described, recovery_days))


def is_strong(described: Description) -> bool:
    """Return whether it is a global table with multi-region strong consistency."""
    return described.get("MultiRegionConsistency") == "STRONG"


def _settings(described: Description, recovery_days: int | None) -> Iterator[tuple[str, str]]:
    if recovery_days not in (None, DEFAULT_RECOVERY_DAYS):
        yield "recovery period", f"{recovery_days} days"
    kind = described.get("TableClassSummary", {}).get("TableClass", "STANDARD")
    if kind != "STANDARD":
        yield "table class", kind
    replicas = ", ".join(sorted(each.get("RegionName", "?") for each in described.get("Replicas") or []))
    if replicas:
        yield "replicas", f"{replicas}, {STRONG}" if is_strong(described) else replicas
    stream = described.get("StreamSpecification") or {}
    if stream.get("StreamEnabled"):
        yield "stream", stream.get("StreamViewType", "on")
    yield from _throughput(described)


def _throughput(described: Description) -> Iterator[tuple[str, str]]:
    provisioned = described.get("ProvisionedThroughput") or {}
    bought = (provisioned.get("ReadCapacityUnits", 0), provisioned.get("WriteCapacityUnits", 0))
    if any(bought):
        yield "provisioned throughput", _units(*bought)
    for name, each in [("", described), *((f" of {i['IndexName']}", i) for i in _indexes(described))]:
        most = each.get("OnDemandThroughput") or {}
        limits = (most.get("MaxReadRequestUnits", _NO_LIMIT), most.get("MaxWriteRequestUnits", _NO_LIMIT))
        if limits != (_NO_LIMIT, _NO_LIMIT):
            yield f"highest throughput{name}", _units(*limits)
    warm = described.get("WarmThroughput") or {}
    ready = (warm.get("ReadUnitsPerSecond", 0), warm.get("WriteUnitsPerSecond", 0))
    if any(now > usual for now, usual in zip(ready, DEFAULT_WARM, strict=True)):
        yield "warm throughput", _units(*ready)


def _indexes(described: Description) -> list[Description]:
    return list(described.get("GlobalSecondaryIndexes") or [])


def _units(read: int, write: int) -> str:
    words = ("any" if units == _NO_LIMIT else f"{units:,}" for units in (read, write))
    return "{} read and {} write units a second".format(*words)
