"""`commercive tables person`: what is stored about one person, exported or erased."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.confirm import confirm
from commercive_cli.cli.errors import DIFFERS, answering, say
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.interrupts import resumable
from commercive_cli.cli.render import person_views as _views  # noqa: F401 - declares the views of the answers
from commercive_cli.cli.render.escape import escape_json
from commercive_cli.cli.session import Session
from commercive_cli.cli.standard_input import STDIN, may_be_stdin, read_ids
from commercive_cli.domain.answers.privacy import Candidate, PersonErased, PersonFound
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.limits import MOST_ITEMS
from commercive_cli.domain.quoting import shortened
from commercive_cli.services.transfer.durable_files import new_file
from commercive_cli.settings import environment, set_by_environment
from commercive_cli.settings.supabase import load_supabase
from commercive_cli.store.items import Item, OtherValue, item_text
from commercive_cli.store.schema import TABLES, Table

if TYPE_CHECKING:
    from commercive_cli.bootstrap import Services
    from commercive_cli.services.privacy.service import Found, PrivacyService

app = App()

_NAMED = 20
"""Candidates that are named on stderr before a question; all are in the list that the command alone shows."""


@app.command(
    epilog=example(
        "commercive tables person USER_ID",
        "commercive tables person - --export ana.jsonl < who.txt",
        "commercive tables person USER_ID --include LEAD_ID --erase --dry-run",
    )
)
def person(
    context: typer.Context,
    *,
    who: Annotated[
        str,
        typer.Argument(
            metavar="WHO",
            help="The person's id, e-mail address, or phone number with +; - reads it from stdin, and on further lines "
            "what --also takes, so that none of it stands in the list of processes.",
            callback=may_be_stdin,
        ),
    ],
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", help="Write everything of the person, as JSON lines; - for stdout."),
    ] = None,
    erase: Annotated[bool, typer.Option("--erase", help="Replace the person's data by a marker.")] = False,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", metavar="WHO", help="One more id, address or number that you know to be theirs."),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option("--include", metavar="ID", help="Take this candidate for theirs; repeatable."),
    ] = None,
    most: Annotated[
        int, typer.Option("--most", min=1, metavar="N", help="Refuse a person with more items than this.")
    ] = MOST_ITEMS,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Show what is stored of one person, or export or erase it. Only proven identity joins by itself.

    Proven is the same id, and what Supabase says is the same person's. What contact data points to is a candidate:
    listed with its reason, and taken only with --include. What is the person's is replaced whole; in what others wrote
    only their addresses, phone numbers and long ids. Erasing cannot be undone. Counters, money and audit rows stay
    correct. The same command again resumes an interrupted erasure. Exits 3 when something in reach is left; backups,
    recovery, archives, exports and logs are out of reach, and named.
    """
    _only(not (erase and export is not None), "pass one of --export FILE and --erase")
    _only(erase or not dry_run, "--dry-run goes with --erase and means nothing without it")
    _only(erase or export is not None or not yes, "--yes goes with --export and --erase and means nothing without them")
    session = Session(context, output)
    first, *further = read_ids() if who == STDIN else [who]
    context.params.update(who=first, also=[*further, *(also or ())])  # the access log tells whom this is about
    asked = _Asked(session, first, (*further, *(also or ())), tuple(include or ()), most)
    if erase:
        return asked.erase(yes=yes, dry_run=dry_run)
    if export is not None:
        return asked.export(export, yes=yes)
    with session.reading() as services:
        found = asked.found(services)
        session.show(found.answer)
        return asked.say_unconfirmed(found.answer)


class _Asked:
    """A request about one person, as it was typed."""

    def __init__(self, session: Session, who: str, also: tuple[str, ...], include: tuple[str, ...], most: int) -> None:
        self._session = session
        self._who, self._also, self._include, self._most = who, also, include, most

    def found(self, services: "Services") -> "Found":
        """Return what is the person's, and the candidates."""
        with self._session.progress({"items searched": services.tables.count}) as (advance,):
            return _privacy(services).find(
                self._who, also=self._also, include=self._include, most=self._most, on_items=advance
            )

    def export(self, path: Path, *, yes: bool) -> None:
        """Write everything of the person to a file and show its size, or to stdout and print its size to stderr."""
        session = self._session
        with session.reading() as services, _lent(path) as file:
            found = self.found(services)
            found.check_something(mentions=False)
            self._sum_up(found.answer)
            if sys.stdin.isatty() and sys.stderr.isatty():
                confirm(f"Export everything of {shortened(self._who)}?", yes=yes)
            with session.progress({"items read": services.tables.count}, beside=file is sys.stdout) as (advance,):
                answer = services.privacy.export(
                    found, lambda table, item: file.write(_line(table, item)), on_items=advance
                )
        if file is sys.stdout:
            return session.note(f"{sum(answer.items.values()):,} items of {shortened(self._who)}")
        with answering(changed=True):  # the file exists now, so a repetition would fail
            return session.show(answer)

    def erase(self, *, yes: bool, dry_run: bool) -> None:
        """Erase the person, after a question; exit 3 when something in reach is left."""
        from commercive_cli.cli.person_traces import erase_traces
        from commercive_cli.settings.state import drafts_directory

        session = self._session
        with session.writing(yes=True, dry_run=dry_run) as services, resumable():
            found = self.found(services)
            found.check_something(mentions=True)
            self._sum_up(found.answer)
            if not dry_run:
                target = session.settings.store
                confirm(f"Erase all of this from {target}? It cannot be undone.", yes=yes)
            passes = 2  # the last one finds nothing more
            drafts = drafts_directory(session.settings.store)
            try:
                with session.progress({"items read": lambda: services.tables.count(TABLES * passes)}) as (advance,):
                    erased = services.privacy.erase(
                        found,
                        session.actor,
                        copies=lambda rules: () if dry_run else erase_traces(drafts, rules),
                        on_items=advance,
                    )
            finally:
                if not dry_run:
                    session.known_ids.forget()  # their labels may be words of the person
            session.show(erased)
            return _say_rest(session, erased)

    def _sum_up(self, found: PersonFound) -> None:
        """Say on stderr what will be taken, and what may be theirs and will not."""
        session = self._session
        session.note(_sum_of(found))
        for candidate in found.candidates[:_NAMED]:
            say(_words(candidate))
        if len(found.candidates) > _NAMED:
            say(f"{len(found.candidates) - _NAMED:,} more candidates: the command without --export and --erase")
        self.say_unconfirmed(found)

    def say_unconfirmed(self, found: PersonFound) -> None:
        """Say that nobody knows which affiliate ids are the person's, where Supabase was not asked."""
        if not found.confirmed:
            self._session.note(
                "which affiliate ids are whose could not be confirmed, as COMMERCIVE_SUPABASE_URL and "
                "COMMERCIVE_SUPABASE_KEY are not set: name those of the person with --also"
            )


def _privacy(services: "Services") -> "PrivacyService":
    """Return the service with Supabase as registry, where that is configured."""
    with set_by_environment():
        settings = load_supabase(environment())
    if settings is None:
        return services.privacy
    from commercive_cli.api.supabase import AffiliateTable

    return replace(services.privacy, registry=AffiliateTable(settings))


def _sum_of(found: PersonFound) -> str:
    counted = [f"{kind} {count:,}" for kind, count in found.items.items()]
    mentions = [f"of others that name them {found.mentions:,}"] if found.mentions else []
    return f"theirs: {', '.join(counted) or 'nothing'}{'; '.join(['', *mentions])}"


def _words(candidate: Candidate) -> str:
    return f"not included: {candidate.kind} {candidate.id}, by {candidate.reason}"


def _say_rest(session: Session, erased: PersonErased) -> None:
    for place in erased.elsewhere:
        session.note(f"out of reach, and may still hold the person: {place}")
    session.note(
        "out of reach as well: archives, exports and transcripts made before, from which an import brings the person "
        "back, logs, snapshots of the disk, drafts on other machines, and what Supabase has"
    )
    session.note("not looked for: names in what others wrote, which may be common words or somebody else's")
    for place in erased.remaining:
        say(f"still shows the person: {place}")
    if erased.remaining:
        raise typer.Exit(DIFFERS)


def _only(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - a condition is a boolean
    if not condition:
        raise Invalid(otherwise)


@contextmanager
def _lent(path: Path) -> Iterator[IO[str]]:
    """Yield a new file, or stdout for `-`."""
    if str(path) == "-":
        yield sys.stdout
        sys.stdout.flush()
        return
    _only(bool(path.name), "--export takes the name of a file")
    with new_file(path) as file:
        yield file


def _line(table: Table, item: Item) -> str:
    return escape_json(json.dumps({"table": table.name, "item": item}, ensure_ascii=False, default=_number)) + "\n"


def _number(value: object) -> object:
    """Return a value for JSON: a Decimal as a number if that is exact, else as text; sets as in DynamoDB's JSON."""
    if isinstance(value, OtherValue):
        return json.loads(item_text({"": value}))[""]
    number = float(value) if isinstance(value, Decimal) else None
    return str(value) if number is None or Decimal(repr(number)) != value else number
