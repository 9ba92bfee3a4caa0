"""The session of one command: settings, services and output, each made at its first use."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from pydantic import BaseModel

from commercive_cli.bootstrap import Services, bootstrap, open_store
from commercive_cli.cli.confirm import confirm
from commercive_cli.cli.errors import INTERRUPTED, answering, say
from commercive_cli.cli.first_run import FirstRun
from commercive_cli.cli.global_options import BOM_NEEDS_CSV, GlobalOptions
from commercive_cli.cli.interrupts import deferred_interrupts
from commercive_cli.cli.options import Paging
from commercive_cli.cli.progress import Total, progress
from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.render.emit import Screen
from commercive_cli.cli.render.formats import Format
from commercive_cli.domain.access import MOST_IDS
from commercive_cli.domain.answers.base import Answer, Listing
from commercive_cli.domain.clock import StoreTime, system_clock
from commercive_cli.domain.errors import Denied, Invalid, Misconfigured
from commercive_cli.domain.ids import usual_id
from commercive_cli.domain.limits import DEFAULT_LIMIT
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import actor_id
from commercive_cli.settings import environment, forced_width, no_colour
from commercive_cli.settings.config_file import examine
from commercive_cli.settings.places import config_path, is_missing
from commercive_cli.settings.resolve import BUILT_IN, OPTIONS, OS_USER, Settings, ids_path, load, seen_directory
from commercive_cli.store.right_time import with_right_time

if TYPE_CHECKING:
    from commercive_cli.cli.access_log import AccessLog
    from commercive_cli.cli.known_ids import KnownIds
    from commercive_cli.cli.record_lookups import LookUp
    from commercive_cli.cli.render.display import Display
    from commercive_cli.cli.seen_messages import SeenMessages
    from commercive_cli.cli.throttled import Throttled
    from commercive_cli.cli.typed_ids import Kind, TypedIds
    from commercive_cli.domain.models import Message
    from commercive_cli.services.access.scan import OnItems
    from commercive_cli.store.dry_run import DryRun
    from commercive_cli.store.port import CredentialWait, Store

Written = TypeVar("Written", bound=Answer)

Fetch = Callable[[int, str | None], Listing]
"""Returns the page of at most so many items that begins at a cursor."""


class Session:
    """The run of one command; `output` is the format of its answers."""

    def __init__(self, context: typer.Context, output: Format = "table", *, write_units: int | None = None) -> None:
        self.options: GlobalOptions = context.obj
        if self.options.bom and output != "csv":
            raise Invalid(BOM_NEEDS_CSV)
        environ = environment()
        clock = self.options.clock or system_clock
        self.time = clock if isinstance(clock, StoreTime) else StoreTime(clock, self.note, anew=True)
        self.screen = Screen(
            output,
            colour=not (self.options.no_color or no_colour(environ)),
            mark=self.options.bom,
            columns=self.options.columns,
            times=self.options.times,
            width=forced_width(environ),
            pager=environ.get("PAGER"),
            paged=not self.options.no_pager,
            warn=self.note,
            begin=self.options.begin_answer,
            you=self._you,
            known=self._known,
            remember=self._remember,
            clock=self.time,
        )
        self._context = context
        self._access: AccessLog | None = None
        self._dry_run: DryRun | None = None
        self._rehearsed: list[BaseModel] = []
        self._writes = False
        self._write_units = write_units

    @cached_property
    def settings(self) -> Settings:
        """Return the settings; raise Invalid when an option is wrong, Misconfigured when something else is."""
        given = self.options
        return load(
            environment(),
            profile=given.profile,
            store=given.store,
            actor=given.actor,
            access_log=given.access_log,
        )

    @cached_property
    def known_ids(self) -> "KnownIds":
        """Return the ids of this store that were shown on this machine."""
        from commercive_cli.cli.known_ids import KnownIds

        return KnownIds(ids_path(self.settings.store))

    @cached_property
    def throttled(self) -> "Throttled":
        """Return what is told of throttling."""
        from commercive_cli.cli.throttled import Throttled

        return Throttled(self.note)

    @property
    def credential_wait(self) -> "CredentialWait":
        """Return how long a store may wait for credentials, and who sits by."""
        from commercive_cli.cli.credential_wait import credential_wait

        return credential_wait(self.settings, self.note)

    @property
    def seen(self) -> "SeenMessages":
        """Return the last messages that the acting user was shown on this machine."""
        from commercive_cli.cli.seen_messages import SeenMessages

        return SeenMessages(seen_directory(self.settings.store), self._you())

    @property
    def on_terminal(self) -> bool:
        """Return whether answers go to a terminal, in whatever format."""
        return self.screen.for_people or self.screen.out.isatty()

    def saw(self, conversation_id: str, messages: "Sequence[Message]") -> None:
        """Remember the last one of some messages as shown, if it was on a terminal."""
        if messages and self.on_terminal and self._dry_run is None:
            self.seen.remember(conversation_id, messages[-1].message_id)

    def _you(self) -> str:
        """Return the acting user as claims name them; nobody while the settings are wrong, which can be shown."""
        try:
            return usual_id(self.actor)
        except (Invalid, Misconfigured):
            return ""

    def _known(self) -> Iterable[str]:
        """Return the ids that were shown; none while wrong settings, which can be shown, name no store."""
        try:
            return self.known_ids.read()
        except (Invalid, Misconfigured):
            return ()

    def _remember(self, seen: Mapping[str, tuple[str, str]]) -> None:
        if not seen:
            return
        from commercive_cli.cli.known_ids import Known

        self.known_ids.remember({each: Known(kind, label) for each, (kind, label) in seen.items()})

    @property
    def actor(self) -> str:
        """Return the id of the acting user; raise Misconfigured, naming where it is set, when it is none."""
        actor, source = self.settings.actor, self.settings.sources["actor"]
        if source not in (OPTIONS["actor"], OS_USER):
            try:
                actor_id(actor)
            except Invalid as wrong:
                raise Misconfigured(f"{source}: {wrong.message}") from None
        return actor

    @property
    def now(self) -> int:
        """Return the present time in milliseconds, set right by what the store has told of its own."""
        return self.screen.clock()

    @property
    def rehearses(self) -> bool:
        """Return whether this is a dry run."""
        return self._dry_run is not None

    @property
    def plans_changes(self) -> bool:
        """Return whether a dry run found something to change."""
        return self._dry_run is not None and bool(self._dry_run.changes)

    @property
    def shows_sections(self) -> bool:
        """Return whether all sections of an answer are shown, not only its rows."""
        return self.screen.for_people or self.screen.output == "json"

    @contextmanager
    def reading(self, *, may_be_missing: bool = False) -> Iterator[Services]:
        """Yield the services for a command that writes nothing; raise FirstRun where there is none yet."""
        if not may_be_missing and (first_run := self.first_run()):
            raise first_run
        with (
            self._access_logged(),
            self._opened(self._store()) as services,
        ):
            yield services

    @contextmanager
    def writing(self, *, yes: bool = False, dry_run: bool = False, may_be_missing: bool = False) -> Iterator[Services]:
        """Yield the services for a command that writes; a dry run records the writes and shows them at the end.

        Raises Denied on a read-only profile, and FirstRun where there is no store yet, unless the command is one for
        stores that `may_be_missing`. On a protected profile, asks the user unless `yes`.
        """
        if not may_be_missing and (first_run := self.first_run()):
            raise first_run
        with self._access_logged(dry_run=dry_run):
            store = self._store()
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

    def first_run(self) -> FirstRun | None:
        """Return what to tell when nobody has named a store, and there is none at the place that is built in."""
        settings = self.settings
        if settings.sources["store"] != BUILT_IN or not is_missing(settings.store.path):
            return None
        profiles = examine(config_path(environment())).config.profiles if settings.profile is None else {}
        return FirstRun(settings.store.path, next(iter(profiles), None))

    def note(self, message: str) -> None:
        """Write to stderr what is good to know beside the results, unless the user wants it quiet."""
        self.options.note(message)

    def show(self, answer: BaseModel) -> None:
        """Write the answer to stdout, but nothing in a dry run, which shows its planned changes instead.

        Raises AnswerLost when the answer of a command that writes cannot be written.
        """
        with answering(changed=self._writes):
            self.log_access(answer)
            if self._dry_run is None:
                self.screen.show(answer)
            else:
                self._rehearsed.append(answer)

    @contextmanager
    def progress(self, steps: Mapping[str, Total], *, beside: bool = False) -> "Iterator[list[OnItems]]":
        """Yield for each step what to call with the number of items done; a terminal shows bars until the block ends.

        Results are shown after that; where they come `beside` it, on the same terminal, there are no bars. In the block
        a store that is throttled is waited for.
        """
        shown = not self.options.quiet and not (beside and self.screen.out.isatty())
        with (
            self.patiently(),
            progress(steps, shown=shown, colour=self.screen.colour, remark=self.throttled.words) as advance,
        ):
            yield advance

    def patiently(self) -> "AbstractContextManager[None]":
        """Return the block in which a store that is throttled is waited for, for minutes if need be."""
        return self.throttled.waited_out()

    def log_access(self, answer: object) -> None:
        """Add the records of an answer to the access log, if there is one, before it is shown."""
        if self._access is not None:
            self._access.tell(answer)

    def log_access_of_api(self, line: Mapping[str, Any]) -> None:
        """Add what the API logs of an access to the access log, if there is one."""
        if self._access is not None:
            self._access.write(line)

    def write(self, call: Callable[[], Written]) -> Written:
        """Make one write, show its answer and return it; after Ctrl-C, the write is finished and the command ends."""
        with self.uninterrupted():
            answer = with_right_time(call)
            self.show(answer)
        return answer

    def typed(self, kind: "Kind", services: Services, asks: str | None = None) -> "TypedIds":
        """Return what finds the whole ids that a user typed; `asks` is what a command that writes would do."""
        from commercive_cli.cli.typed_ids import TypedIds

        def look_up() -> "LookUp":
            from commercive_cli.cli.record_lookups import LOOK_UPS  # imported late: a whole id is not looked up

            return LOOK_UPS[kind]

        return TypedIds(
            kind,
            known=lambda: self.known_ids.read(),
            exists=lambda one: look_up().exists(services, one),
            newest=lambda: look_up().newest(services),
            asks=None if self._dry_run else asks,
        )

    def list(self, listing: type[Listing], paging: Paging, fetch: Fetch, asked: Asked) -> None:
        """Show a listing up to the limit, with a hint when there is more, or all of it in constant memory."""
        if paging.everything:
            items = paging.items(fetch, listing.field())
            self.screen.show_stream(listing, items if self._access is None else self._logged(items))
            return
        answer = paging.gathered(fetch, listing.field())
        self.log_access(answer)
        self.screen.show(answer, asked)
        if answer.next_cursor:
            more = f"--limit {2 * (paging.limit or DEFAULT_LIMIT)}" if self.screen.for_people else None
            self.note(f"more: add {more or f'--cursor {answer.next_cursor}'}, or --all")

    def stream(
        self, listing: type[Listing], items: Iterable[Any], draw: "Callable[[Display, Iterable[Any]], None]"
    ) -> None:
        """Show items as they come: each is logged before, and written before the next one is asked for."""

        def each() -> Iterator[Any]:
            for item in items:
                self.log_access(item)
                yield item
                self.screen.out.flush()

        self.screen.show_stream(listing, each(), draw)

    def _logged(self, items: Iterator[Any]) -> Iterator[Any]:
        """Yield the items in chunks, each of which is logged before it is shown."""
        while page := list(islice(items, MOST_IDS)):
            self.log_access(page)
            yield from page

    @contextmanager
    def _access_logged(self, *, dry_run: bool = False) -> Iterator[None]:
        """Begin the access log, if there is one, and end it with the outcome."""
        if self.settings.access_log is None:
            yield
            return
        from commercive_cli.cli.access_log import AccessLog, about, named_by, outcome_of

        log = self._access = AccessLog(
            self.settings.access_log, about(self._context, self.settings, dry_run=dry_run), named_by(self._context)
        )
        try:
            yield
        except BaseException as error:
            with suppress(OSError):
                log.end(outcome_of(error))
            raise
        with answering(changed=self._writes):
            log.end()

    @contextmanager
    def uninterrupted(self) -> Iterator[threading.Event]:
        """Yield what tells that Ctrl-C was pressed; the block is finished all the same, and the command ends then."""
        with deferred_interrupts() as stop:
            yield stop
        if stop.is_set():
            raise typer.Exit(INTERRUPTED)

    def _store(self) -> "Store":
        self.time()  # where the clock is not set, nothing is opened
        if self.options.open_store is not None:
            return self.options.open_store()
        wait = self.credential_wait if self.settings.store.engine == "dynamodb" else None
        return open_store(
            self.settings, self.time, lambda table: self.throttled(table), wait, write_units=self._write_units
        )

    @contextmanager
    def _opened(self, store: "Store") -> Iterator[Services]:
        began = time.monotonic()
        if self.settings.read_only and not self._dry_run:
            from commercive_cli.store.read_only import ReadOnly

            store = ReadOnly(store, self._read_only_reason())
        if self.options.verbose:
            say(f"store {store.target}{self._profile_suffix()}, acting as {shortened(self.actor)}")
        try:
            yield bootstrap(self.settings, store=store, clock=self.time)
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

        if self.screen.output == "table" and self.screen.for_people and len(self._rehearsed) == 1:
            from commercive_cli.cli.render.rehearsals import draw_rehearsal

            drawn: list[bool] = []
            self.screen.draw(lambda display: drawn.append(draw_rehearsal(display, self._rehearsed[0], dry_run.changes)))
            if drawn == [True]:
                return
        self.screen.show(dry_run_shown(dry_run.changes))
        self.note(f"dry run: {len(dry_run.changes)} items or tables would change; nothing was written")

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
