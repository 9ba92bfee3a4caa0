"""The session of one command: settings, services and output, each made at its first use."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import typer
from pydantic import BaseModel

from commercive_cli.bootstrap import Services, bootstrap, open_store
from commercive_cli.cli import bulk
from commercive_cli.cli.confirm import confirm
from commercive_cli.cli.errors import INTERRUPTED, PARTIAL, answering, say
from commercive_cli.cli.global_options import BOM_NEEDS_CSV, GlobalOptions
from commercive_cli.cli.interrupts import deferred_interrupts
from commercive_cli.cli.options import Paging
from commercive_cli.cli.render.emit import Format, Screen
from commercive_cli.domain.answers.base import Answer, Failed, Listing
from commercive_cli.domain.errors import Denied, Invalid
from commercive_cli.domain.quoting import shortened
from commercive_cli.settings import environment, no_colour
from commercive_cli.settings.resolve import Settings, load

if TYPE_CHECKING:
    from commercive_cli.store.dry_run import DryRun
    from commercive_cli.store.port import Store

Written = TypeVar("Written", bound=Answer)
Fetch = Callable[[int, str | None], Listing]
"""Returns the page of at most so many items that begins at a cursor."""


class Session:
    """The run of one command; `output` is the format of its answers."""

    def __init__(self, context: typer.Context, output: Format = "table") -> None:
        self.options: GlobalOptions = context.obj
        if self.options.bom and output != "csv":
            raise Invalid(BOM_NEEDS_CSV)
        colour = not (self.options.no_color or no_colour(environment()))
        self.screen = Screen(output, colour=colour, mark=self.options.bom)
        self._dry_run: DryRun | None = None
        self._writes = False

    @cached_property
    def settings(self) -> Settings:
        """Return the settings; raise Invalid when one is wrong."""
        return load(environment(), profile=self.options.profile, store=self.options.store, actor=self.options.actor)

    @property
    def actor(self) -> str:
        """Return the id of the acting user."""
        return self.settings.actor

    @property
    def now(self) -> int:
        """Return the present time in milliseconds."""
        return self.screen.clock()

    @property
    def plans_changes(self) -> bool:
        """Return whether a dry run found something to change."""
        return self._dry_run is not None and bool(self._dry_run.changes)

    @property
    def shows_sections(self) -> bool:
        """Return whether all sections of an answer are shown, not only its rows."""
        return self.screen.for_people or self.screen.output == "json"

    @contextmanager
    def reading(self) -> Iterator[Services]:
        """Yield the services for a command that writes nothing."""
        with self._opened(open_store(self.settings)) as services:
            yield services

    @contextmanager
    def writing(self, *, yes: bool = False, dry_run: bool = False) -> Iterator[Services]:
        """Yield the services for a command that writes; a dry run records the writes and shows them at the end.

        Raises Denied on a read-only profile. On a protected profile, asks the user unless `yes`.
        """
        store = open_store(self.settings)
        if dry_run:
            from commercive_cli.store.dry_run import DryRun

            self._dry_run = DryRun(store)
            with self._opened(self._dry_run) as services, self._changes_shown(self._dry_run):
                yield services
            return
        self._check_permission(store, yes=yes)
        self._writes = True
        with self._opened(store) as services:
            yield services

    def show(self, answer: BaseModel) -> None:
        """Write the answer to stdout, but nothing in a dry run, which shows its planned changes instead.

        Raises AnswerLost when the answer of a command that writes cannot be written.
        """
        if self._dry_run is None:
            with answering(changed=self._writes):
                self.screen.show(answer)

    def write(self, call: Callable[[], Written]) -> Written:
        """Make one write, show its answer and return it; after Ctrl-C, the write is finished and the command ends."""
        with self._uninterrupted():
            answer = call()
            self.show(answer)
        return answer

    def each(self, arguments: Sequence[str], action: bulk.Action) -> None:
        """Apply a write to one id and show its answer, or to many and show a report; exit 7 when some failed."""
        ids = bulk.chosen_ids(arguments)
        if bulk.is_many(arguments):
            self.many(ids, action)
        else:
            self.write(lambda: action(ids[0]))

    def many(self, ids: Sequence[str], action: bulk.Action) -> None:
        """Apply a write to each id, eight at a time, and show a report; exit 7 when some failed."""
        with self._uninterrupted() as stop:
            outcome = bulk.run(ids, action, stop)
            self._report(outcome, len(ids))
        if not outcome.bulk.success:
            raise typer.Exit(PARTIAL)

    def list(self, listing: type[Listing], paging: Paging, fetch: Fetch) -> None:
        """Show a listing up to the limit, with a hint when there is more, or all of it in constant memory."""
        if paging.everything:
            self.screen.show_stream(listing, paging.items(fetch, self.screen.field(listing)))
            return
        answer = paging.gathered(fetch, self.screen.field(listing))
        self.screen.show(answer)
        if answer.next_cursor:
            say(f"more: add --cursor {answer.next_cursor}, or --all")

    def _report(self, outcome: bulk.Outcome, total: int) -> None:
        try:
            self.show(outcome.bulk)
        finally:
            for each in outcome.bulk.results:
                if isinstance(each.result, Failed):
                    say(f"{shortened(each.id)}: {each.result.error}")
        if outcome.bug is not None:
            raise outcome.bug
        done = len(outcome.bulk.results)
        if done < total:
            say(f"{done} of {total} done, {total - done} not started")

    @contextmanager
    def _uninterrupted(self) -> Iterator[threading.Event]:
        with deferred_interrupts() as stop:
            yield stop
        if stop.is_set():
            raise typer.Exit(INTERRUPTED)

    @contextmanager
    def _opened(self, store: "Store") -> Iterator[Services]:
        began = time.monotonic()
        if self.settings.read_only and not self._dry_run:
            from commercive_cli.store.read_only import ReadOnly

            store = ReadOnly(store, self._read_only_reason())
        if self.options.verbose:
            say(f"store {store.target}{self._profile_suffix()}, acting as {self.actor}")
        try:
            yield bootstrap(self.settings, store=store)
        finally:
            store.close()
            if self.options.verbose:
                say(f"took {time.monotonic() - began:.3f} s")

    @contextmanager
    def _changes_shown(self, dry_run: "DryRun") -> Iterator[None]:
        try:
            yield
        except typer.Exit:
            self._show_changes(dry_run)
            raise
        self._show_changes(dry_run)

    def _show_changes(self, dry_run: "DryRun") -> None:
        from commercive_cli.cli.render.dry_run import dry_run_shown

        self.screen.show(dry_run_shown(dry_run.changes))
        say(f"dry run: {len(dry_run.changes)} items or tables would change; nothing was written")

    def _check_permission(self, store: "Store", *, yes: bool) -> None:
        settings = self.settings
        if settings.read_only:
            raise Denied(f"{self._read_only_reason()}; nothing was written")
        if settings.protected or not store.local:
            say(f"store: {store.target}{self._profile_suffix()}")
        if settings.protected:
            confirm(f"Profile {settings.profile} is protected. Write to {store.target}?", yes=yes)

    def _profile_suffix(self) -> str:
        return f" (profile {self.settings.profile})" if self.settings.profile else ""

    def _read_only_reason(self) -> str:
        return f"profile {self.settings.profile} is read-only"
