"""`chat watch`: asks a feed again and again, shows what it tells, and says when the store is out of reach."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

import typer

from commercive_cli.cli.errors import INTERRUPTED, say
from commercive_cli.cli.event_command import EventCommand
from commercive_cli.cli.render.moments import duration
from commercive_cli.cli.render.watch_view import WatchScreen, ending
from commercive_cli.cli.session import Session
from commercive_cli.domain.answers.changes import Change, Changes
from commercive_cli.domain.clock import Sleep
from commercive_cli.domain.errors import CommerciveError, Invalid, Unavailable
from commercive_cli.domain.secrets import redact
from commercive_cli.services.chat.feeds import Feed

if TYPE_CHECKING:
    from commercive_cli.cli.render.display import Display


@dataclass
class Contact:
    """Says on stderr when the store is out of reach, and when it is back."""

    session: Session
    lost_at: int | None = None

    def lost(self, error: Unavailable) -> None:
        """Take note that the store did not answer."""
        if self.lost_at is None:
            self.lost_at = self.session.now
            why, _, _ = error.message.partition(";")
            self._say(f"no contact with the store ({why}), trying again", good=False)

    def found(self) -> None:
        """Take note that the store has answered."""
        if self.lost_at is not None:
            took = duration(max(self.session.now - self.lost_at, 0))
            self.lost_at = None
            self._say(f"back after {took}, nothing was missed", good=True)

    def _say(self, words: str, *, good: bool) -> None:
        screen = self.session.screen
        if not (screen.for_people and sys.stderr.isatty()):
            say(words)
            return
        screen.out.flush()
        replace(screen, out=sys.stderr).draw(
            lambda display: display.sentence(
                (f"── {display.moments.in_log(display.now)} {redact(words)} ──", "good" if good else "bad")
            )
        )


@dataclass
class Watch:
    """One watch: it waits `interval` seconds between two looks, and ends after `limit` events, if that is not None.

    `go_on` is the command line that watches the same; `cursor` is behind what was shown.
    """

    session: Session
    feed: Feed
    sleep: Sleep
    interval: float
    go_on: str
    limit: int | None = None
    command: EventCommand | None = None
    told: int = 0
    cursor: str = field(init=False)

    def __post_init__(self) -> None:
        self.cursor = self.feed.cursor

    def run(self, screen: WatchScreen | None) -> None:
        """Show what happens, to people on a screen; Ctrl-C ends it, with the line to go on with and exit code 130."""
        began = self.session.now
        try:
            if screen is None:
                self.session.stream(Changes, self._lines(), _never_drawn)
            else:
                self.session.screen.draw(lambda display: self._draw(display, screen))
        except KeyboardInterrupt:
            self._end(began, interrupted=True)
            raise typer.Exit(INTERRUPTED) from None
        except CommerciveError:
            self._end(began)
            raise
        self._end(began)

    def changes(self, pause: Callable[[], None]) -> Iterator[Change]:
        """Yield what happens; `pause` is called before each wait."""
        contact = Contact(self.session)
        while not self._is_over():
            try:
                for change in self.feed.poll():
                    contact.found()
                    yield change
                    self._shown(change)
                    if self._is_over():
                        return
            except Unavailable as error:
                contact.lost(error)
            else:
                contact.found()
                self.cursor = self.feed.cursor
            pause()
            self.sleep(self.interval)

    def _is_over(self) -> bool:
        return self.told == self.limit

    def _shown(self, change: Change) -> None:
        self.told += 1
        self.cursor = change.cursor
        if self.command is not None:
            self.session.screen.out.flush()
            self.command.run(change)

    def _lines(self) -> Iterator[Change]:
        if self.session.screen.output == "jsonl":
            yield Change(event="start", cursor=self.feed.cursor)
        yield from self.changes(self.session.screen.out.flush)

    def _draw(self, display: "Display", screen: WatchScreen) -> None:
        def pause() -> None:
            self.session.screen.out.flush()
            self.session.screen.remember(display.seen)  # another terminal may already want the short ids
            display.seen.clear()

        screen.begin(display)
        for change in self.changes(pause):
            self.session.log_access(change)
            display.moments = replace(display.moments, now=self.session.now)
            screen.draw(display, change)
            if screen.whole and change.message is not None:
                self.session.saw(change.message.conversation_id, [change.message])

    def _end(self, began: int, *, interrupted: bool = False) -> None:
        screen, took = self.session.screen, duration(max(self.session.now - began, 0))
        words = f"{ending(self.told, took)} Go on from here: {self.go_on} --cursor {self.cursor}"
        if screen.for_people:
            if interrupted:
                screen.draw(lambda display: display.gap())  # behind the ^C that terminals write
            screen.draw(lambda display: display.line((words, "quiet")))
        elif screen.output != "jsonl":  # there each line has its cursor
            self.session.note(words)


def check_output(session: Session) -> None:
    """Raise Invalid for a format that a watch cannot have."""
    if session.screen.output == "json":
        raise Invalid("-o json is one document, and a watch has no end: -o jsonl writes a line for each event")
    if session.screen.for_people and session.screen.columns:
        raise Invalid("--columns chooses columns of pipes and CSV, and a watch on a terminal is a log, without columns")


def _never_drawn(*_: object) -> NoReturn:
    raise AssertionError("people see another screen")
