"""The messages and exit codes after tables were changed, restored or imported."""

from collections.abc import Sequence

import typer

from commercive_cli.cli.errors import DIFFERS, PARTIAL, say
from commercive_cli.cli.session import Session
from commercive_cli.domain.answers.audit import Audit
from commercive_cli.domain.answers.tables import Applied


def say_unsupported(session: Session, unsupported: Sequence[str]) -> None:
    """Print the features that the server does not have."""
    if unsupported:
        session.note(f"not supported here: {', '.join(unsupported)}")


def say_accepted(session: Session, changes: Sequence[str]) -> None:
    """Print which changes do not show yet."""
    if changes:
        told = f"{', '.join(changes)}: accepted, and not shown yet"
        session.note(f"{told}; until AWS shows it, `commercive tables diff` names it as a difference")


def check_applied(session: Session, applied: Applied) -> None:
    """Print failed changes and remaining differences; exit 7 when a change failed, 3 when a difference remains."""
    say_accepted(session, [f"{each.table}: {each.change}" for each in applied.changes if each.outcome == "accepted"])
    failed = [change for change in applied.changes if change.error]
    for change in failed:
        say(f"{change.table}: {change.change}: {change.error}")
    for difference in applied.remaining:
        say(f"{difference.table}: {difference.what}: {difference.live}; {difference.remedy}")
    if failed:
        raise typer.Exit(PARTIAL)
    if applied.remaining:
        raise typer.Exit(DIFFERS)


def check_audit(session: Session, audit: Audit, store: str, otherwise: str = "") -> None:
    """Print the audit's result and the command that repairs it; exit 3 when something broken is left."""
    broken = sum(not finding.fixed for finding in audit.findings)
    session.note(f"audit of {store}: {len(audit.findings)} broken, {broken} not repaired")
    if broken:
        say(f"run `commercive tables audit --fix` with that store{otherwise}")
        raise typer.Exit(DIFFERS)
