"""Reads the retention policy of the config file: `closed_conversations` in the table `[retention]`."""

import re

from commercive_cli.domain.errors import Invalid, Misconfigured
from commercive_cli.domain.quoting import quoted
from commercive_cli.services.retention.closed import LONGEST, SHORTEST
from commercive_cli.settings.config_file import RetentionTable

KEY = "retention.closed_conversations"
_DAYS = re.compile(r"([0-9]{1,9})d", re.ASCII)
_DAY = 86_400_000


def read_retention(table: RetentionTable | None) -> int | None:
    """Return for how long (ms) closed conversations are kept, None for ever; raise Invalid when the value is wrong."""
    if table is None or table.closed_conversations is None:
        return None
    days = _DAYS.fullmatch(table.closed_conversations)
    kept = int(days[1]) * _DAY if days else 0
    if not SHORTEST <= kept <= LONGEST:
        raise Invalid(f"{KEY} {quoted(table.closed_conversations)} is no time to keep; write 365d, of 1d to 36500d")
    return kept


def configured_retention(table: RetentionTable | None) -> int | None:
    """Return what `read_retention` does; raise Misconfigured when the value is wrong."""
    try:
        return read_retention(table)
    except Invalid as wrong:
        raise Misconfigured(wrong.message) from None
