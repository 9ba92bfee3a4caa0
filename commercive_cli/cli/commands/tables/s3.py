"""`tables export --s3` and `tables import --s3`: DynamoDB's own exports to S3 and imports from it."""

import typer

from commercive_cli.cli.commands.tables.outcome import check_applied, check_audit
from commercive_cli.cli.errors import PARTIAL, say
from commercive_cli.cli.render import table_views as _views  # noqa: F401 - declares the views of the answers
from commercive_cli.cli.session import Session
from commercive_cli.cli.status_lines import status_lines
from commercive_cli.domain.answers.transfer import S3Imported


def export_to_s3(session: Session, uri: str) -> None:
    """Have DynamoDB export all tables to the URI, and show the URIs of the manifests."""
    with session.reading() as services, session.patiently(), status_lines(session.note) as on_status:
        session.show(services.s3.export_tables(uri, on_status))


def import_from_s3(session: Session, uri: str, *, yes: bool) -> None:
    """Have DynamoDB create the tables from its newest exports at the URI; protect and audit them.

    Exits 7 when a table did not get all that its export holds.
    """
    with session.writing(yes=yes) as services, session.patiently(), status_lines(session.note) as on_status:
        answer = services.s3.import_tables(uri, session.actor, on_status=on_status)
        session.show(answer)
        check_complete(answer)
        check_audit(session, answer.audit, services.store.target)
        check_applied(session, answer.applied)


def check_complete(answer: S3Imported) -> None:
    """Print what was imported of each export that was not imported whole, and exit 7 when there is one."""
    short = [each for each in answer.tables if each.short]
    for each in short:
        counted = f"{each.items or 0:,} items were imported of {each.expected or 0:,}, with {each.errors:,} errors"
        say(f"{each.table}: {counted}; the import's log in CloudWatch says which could not be")
    if short:
        raise typer.Exit(PARTIAL)
