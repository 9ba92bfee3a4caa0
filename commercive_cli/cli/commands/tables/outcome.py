"""What is said, and which exit code is due, after tables were changed, restored or imported."""

from collections.abc import Sequence

import typer

from commercive_cli.cli.errors import DIFFERS, PARTIAL, say
from commercive_cli.domain.answers.audit import Audit
from commercive_cli.domain.answers.tables import Applied


def say_unsupported(unsupported: Sequence[str]) -> None:
    """Name what the server has no notion of."""
    if unsupported:
        say(f"not supported here: {', '.join(unsupported)}")


def check_applied(applied: Applied) -> None:
    """Say what failed and what is left; exit 7 for the one, 3 for the other."""
    failed = [change for change in applied.changes if change.error]
    for change in failed:
        say(f"{change.table}: {change.change}: {change.error}")
    for difference in applied.remaining:
        say(f"{difference.table}: {difference.what}: {difference.live}; {difference.remedy}")
    if failed:
        raise typer.Exit(PARTIAL)
    if applied.remaining:
        raise typer.Exit(DIFFERS)


def check_audit(audit: Audit, store: str, otherwise: str = "") -> None:
    """Say what the audit of new tables found, the way out and any other one; exit 3 when something broken is left."""
    broken = sum(not finding.fixed for finding in audit.findings)
    say(f"audit of {store}: {len(audit.findings)} broken, {broken} not repaired")
    if broken:
        say(f"run `commercive tables audit --fix` with that store{otherwise}")
        raise typer.Exit(DIFFERS)
