"""`leads decide`: decides what a checked file says, and tells of every row what came of it."""

from contextlib import nullcontext

from commercive_cli.bootstrap import Services
from commercive_cli.cli import bulk
from commercive_cli.cli.decision_files import DELIMITERS, DecisionFile
from commercive_cli.cli.decision_results import ResultFile, result_file, results_path
from commercive_cli.cli.flag_checks import FlagCheck
from commercive_cli.cli.money_asks import ask_about, is_asked
from commercive_cli.cli.session import Session
from commercive_cli.domain.answers.bulk import Bulk, FileDecided, RowDecided
from commercive_cli.domain.answers.leads import LeadDecided


def decide_file(
    session: Session, services: Services, decided: DecisionFile, flags: FlagCheck, *, key: str | None, yes: bool
) -> None:
    """Make the decisions of a file and write its results; exit 7 when some were refused, as flagged approvals are."""
    if decided.count("approved") and not yes and is_asked(session):
        ask_about(session, _summary(decided, flags), "Decide?")
    with nullcontext() if session.rehearses else result_file(decided.path) as results:
        _decide(session, services, decided, flags, key, results)


def _decide(
    session: Session,
    services: Services,
    decided: DecisionFile,
    flags: FlagCheck,
    key: str | None,
    results: ResultFile | None,
) -> None:
    rows = {row.lead_id: row for row in decided.decisions}
    keys = bulk.request_keys(key, many=True)

    def decide(lead_id: str) -> LeadDecided:
        row = rows[lead_id]
        return services.leads.decide(
            lead_id,
            row.status,
            session.actor,
            commission=row.commission,
            notes=row.notes,
            reason=row.reason,
            revision=row.revision,
            objection=flags.objection(lead_id) if row.status == "approved" else None,
            key=keys(lead_id),
        )

    def told(report: Bulk) -> Bulk:
        if results is not None:
            results.write(decided, {each.id: each.result for each in report.results})
            if not session.screen.for_people:
                session.note(f"every row's result: {results_path(decided.path)}")
        return FileDecided(
            success=report.success,
            results=[RowDecided(row=rows[each.id].row, id=each.id, result=each.result) for each in report.results],
            result_file=str(results_path(decided.path)),
        )

    bulk.many(session, list(rows), decide, told=told)


def _summary(decided: DecisionFile, flags: FlagCheck) -> tuple[str, ...]:
    approved, rejected = decided.count("approved"), decided.count("rejected")
    rejecting = f", reject {rejected:,}" if rejected else ""
    flagged = flags.among([each.lead_id for each in decided.decisions if each.status == "approved"])
    refusing = f"; {flagged:,} {'is' if flagged == 1 else 'are'} flagged and will be refused" if flagged else ""
    return (
        f"{decided.path.name}: {decided.rows:,} rows, {DELIMITERS[decided.delimiter]}, all valid",
        f"approve {approved:,} for {decided.total:,.2f} USD{rejecting}{refusing}",
    )
