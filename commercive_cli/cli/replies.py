"""`chat reply`: gets the text, sends it, and keeps as a draft what could not be sent."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from commercive_cli.cli.confirm import ask, confirm
from commercive_cli.cli.drafts import UNFINISHED, Draft, Drafts
from commercive_cli.cli.editor import edited
from commercive_cli.cli.editor_file import QUOTED_LINES, quotes_of
from commercive_cli.cli.errors import AsItIs, say, say_as_it_is, say_notes
from commercive_cli.cli.message_sources import MessageSources, has_terminal
from commercive_cli.cli.render.moments import Moments, distance
from commercive_cli.cli.session import Session
from commercive_cli.domain.answers.chat import Sent
from commercive_cli.domain.answers.threads import Thread
from commercive_cli.domain.canned_replies import values_of
from commercive_cli.domain.errors import (
    CommerciveError,
    Conflict,
    ConversationClosed,
    Invalid,
    NotFound,
    WrittenSince,
)
from commercive_cli.domain.ids import new_id
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.secrets import redact
from commercive_cli.services.records.idempotency import REQUEST_KEY_DAYS
from commercive_cli.settings import editor_of, environment
from commercive_cli.settings.state import drafts_directory

if TYPE_CHECKING:
    from commercive_cli.services.chat.service import ChatService

_DAY = 86_400_000
_WRITTEN_SINCE = "not sent: somebody wrote after what you saw."


@dataclass(frozen=True)
class Reply:
    """One reply: where its text comes from, and what `ChatService.reply` takes beside it."""

    conversation: str
    sources: MessageSources
    if_last: str | None = None
    reopen: bool = False
    close: bool = False
    key: str | None = None
    yes: bool = False
    dry_run: bool = False
    steal: bool = False
    keep_unread: bool = False


class ReplyDesk:
    """Writes and sends one reply. A text that exists nowhere else is kept, whatever comes between."""

    def __init__(self, session: Session, chat: "ChatService", reply: Reply) -> None:
        self._session = session
        self._chat = chat
        self._reply = reply
        self._drafts = Drafts(drafts_directory(session.settings.store))

    def run(self) -> None:
        """Get the text and send it."""
        draft = self._draft_to_go_on_with()
        if draft is not None:
            with self._kept(draft):
                self._go_on_with(draft)
        elif self._reply.sources.in_editor:
            self._send_written()
        else:
            self._send_given()

    def _go_on_with(self, draft: Draft) -> None:
        reply = self._reply
        if self._was_sent(draft):
            return
        if reply.sources.in_editor:
            self._send_edited(draft, self._thread())
        elif draft.is_uncut:
            raise Invalid("the cut-off line is gone: look at the draft on a terminal before it is sent")
        else:
            last = reply.if_last or draft.record.if_last or self._guard()()
            self._send(draft.text, replace(reply, if_last=last), draft)

    def _draft_to_go_on_with(self) -> Draft | None:
        sources, target = self._reply.sources, self._reply.conversation
        if not sources.may_be_draft:
            return None
        drafts = self._drafts.of(target)
        if sources.draft and not drafts:
            raise NotFound(f"there is no draft for conversation {shortened(target)}; see `commercive chat drafts`")
        free = [draft for draft in drafts if not draft.is_open_elsewhere]
        if sources.draft and not free:
            raise Conflict(f"process {drafts[0].record.process} has {drafts[0].path} in an editor; nothing was sent")
        return free[0] if free and (sources.draft or self._is_wanted(free[0])) else None

    def _is_wanted(self, draft: Draft) -> bool:
        if self._reply.yes:
            return True
        age = distance(self._session.now - draft.record.saved_at)
        say(f"a text of {age} ago was not sent: {draft.record.reason}")
        answer = ask("Go on with it? [Y/n/delete] ", "pass --draft to go on")
        match answer.strip().lower():
            case "" | "y" | "yes" if answer:
                return True
            case "n" | "no":
                return False
            case "delete":
                draft.remove()
                return False
        raise Invalid("the answers are yes, no and delete; nothing was sent")

    def _was_sent(self, draft: Draft) -> bool:
        """Return whether the draft came through before, though this program did not hear of it; then show that."""
        record = draft.record
        sent = self._chat.reply_with_key(record.conversation_id, record.actor, record.key) if record.actor else None
        if sent is None:
            self._check_age(draft)
            return False
        if sent.message_text != draft.text:
            say(f"an earlier form of this text was sent, as message {sent.message_id}; this is another one now")
            draft.note(key=new_id(self._session.now), tried_at=0)
            return False
        say("this text was sent before; it is not sent again")
        if not self._reply.dry_run:
            draft.remove()
        self._session.show(Sent.model_validate(sent.model_dump()))
        return True

    def _check_age(self, draft: Draft) -> None:
        """Raise Conflict for a text that may have been sent under a key that is no longer remembered."""
        tried_at = draft.record.tried_at
        age = self._session.now - tried_at
        if tried_at and age > REQUEST_KEY_DAYS * _DAY and not self._reply.sources.in_editor:
            raise Conflict(
                f"this text of {distance(age)} ago may have been sent, and nothing tells any more: "
                f"see `commercive chat show`, then go on with it on a terminal, or remove {draft.path}"
            )

    def _thread(self) -> Thread:
        """Return what the editor shows; raise what a reply would raise now, before anybody writes one."""
        reply = self._reply
        return self._chat.before_reply(
            reply.conversation,
            tail=QUOTED_LINES,
            if_last=reply.if_last,
            reopen=reply.reopen,
            heeding=None if reply.steal else self._session.actor,
        )

    def _send_written(self) -> None:
        thread = self._thread()
        draft = self._drafts.new(self._reply.conversation, self._session.actor, self._reply.key)
        with self._kept(draft):
            self._send_edited(draft, thread)

    def _send_edited(self, draft: Draft, thread: Thread) -> None:
        session = self._session
        quotes = quotes_of(thread, session.actor, Moments(session.now, session.options.times))
        text = edited(draft, quotes, editor_of(environment()))
        session.saw(thread.conversation.conversation_id, thread.messages)
        last = thread.messages[-1].message_id if thread.messages else self._reply.if_last
        self._send(text, replace(self._reply, if_last=last), draft)

    def _send_given(self) -> None:
        sources, guard = self._reply.sources, self._guard()
        text = sources.message(self._known)
        if sources.template is not None and has_terminal() and not (self._reply.yes or self._reply.dry_run):
            say_as_it_is(text.strip())
            confirm("Send this?", yes=False)
        kept = sources.is_lost_after_a_dry_run if self._reply.dry_run else sources.is_nowhere_else
        if not kept:
            return self._send_behind(guard, text, None)
        try:
            draft = self._drafts.new(self._reply.conversation, self._session.actor, self._reply.key, text)
        except CommerciveError as unkept:
            say(f"should this text not be sent, it cannot be kept: {unkept.message}")
            with _told(text):
                return self._send_behind(guard, text, None)
        with self._kept(draft):
            return self._send_behind(guard, text, draft)

    def _guard(self) -> Callable[[], str | None]:
        """Find the message that the reply goes behind: on a terminal, the last one that was shown, or is there now.

        What hinders that is raised when the message is asked for: then the text has been read and is kept.
        """
        try:
            last = self._reply.if_last or (self._last_seen() if self._is_attended else None)
        except CommerciveError as failed:
            return partial(_raise, failed)
        return lambda: last

    @property
    def _is_attended(self) -> bool:
        return self._session.on_terminal or has_terminal()

    def _last_seen(self) -> str | None:
        one = self._reply.conversation
        shown = self._session.seen.last(one)
        if shown is not None:
            return shown
        last = self._chat.show(one, tail=1).messages
        return last[-1].message_id if last else None

    def _send_behind(self, guard: Callable[[], str | None], text: str, draft: Draft | None) -> None:
        self._send(text, replace(self._reply, if_last=guard()), draft)

    def _known(self) -> dict[str, str]:
        """Return the values that the conversation gives to the variables of a canned reply."""
        return values_of(self._chat.conversation(self._reply.conversation), self._session.actor)

    def _send(self, text: str, reply: Reply, draft: Draft | None) -> None:
        key = reply.key
        if draft is not None:
            with suppress(OSError):  # the record that is there has a key as well
                draft.note(
                    actor=self._session.actor,
                    key=reply.key or draft.record.key,
                    if_last=reply.if_last,
                    reason=UNFINISHED,
                    tried_at=draft.record.tried_at or self._session.now,
                )
            key = draft.record.key

        def send() -> Sent:
            sent = self._chat.reply(
                reply.conversation,
                self._session.actor,
                text,
                if_last=reply.if_last,
                reopen=reply.reopen,
                close=reply.close,
                heed_claims=not reply.steal,
                key=key,
            )
            if draft is not None and not reply.dry_run:
                with suppress(OSError):  # its key tells later that it was sent
                    draft.remove()
            return sent

        self._written(send, guarded=reply.if_last is not None)
        if reply.if_last is not None and not (reply.keep_unread or reply.dry_run):
            self._mark_read(reply.if_last)

    def _written(self, send: Callable[[], Sent], *, guarded: bool) -> None:
        """Send the reply; whoever sent it behind what they saw, or was told what is new, has seen all by then."""
        session, reply = self._session, self._reply
        try:
            sent = session.write(send)
        except WrittenSince as refused:
            if self._is_attended and refused.last is not None:
                session.seen.remember(reply.conversation, refused.last)
            if reply.if_last is None:
                refused.message = f"{_WRITTEN_SINCE} {refused.new}; having read that, run the same line again"
            raise
        if guarded and self._is_attended and not reply.dry_run:
            session.seen.remember(reply.conversation, sent.message_id)

    def _mark_read(self, seen: str) -> None:
        """Mark the user's messages read up to the one that was answered; the answer is sent, whatever comes."""
        session = self._session
        try:
            marked = self._chat.mark_read(self._reply.conversation, "admin", up_to=seen, actor=session.actor).marked
        except CommerciveError as failed:
            say(f"the answer is sent; the messages before it stay unread: {failed.message}")
            return
        if marked and session.screen.for_people:
            words = "1 message of theirs counts" if marked == 1 else f"{marked:,} messages of theirs count"
            session.screen.draw(lambda display: display.line((f"{words} as read", "quiet")))

    @contextmanager
    def _kept(self, draft: Draft) -> Iterator[None]:
        """Note why a draft was not sent, and tell the user where it is and how to go on."""
        try:
            yield
            if self._reply.dry_run:
                raise _RehearsedError("it was a dry run")
        except BaseException as error:
            if not draft.exists:
                raise
            self._explain(draft, error)
            if not isinstance(error, _RehearsedError):
                raise
            say_notes(error)

    def _explain(self, draft: Draft, error: BaseException) -> None:
        last, tried_at = draft.record.if_last, draft.record.tried_at
        if isinstance(error, Conflict | NotFound):
            tried_at = 0  # a reply that had come through would have got its answer again
        if isinstance(error, WrittenSince):
            last = error.last or last
            error.message = f"{_WRITTEN_SINCE} {error.new}"
        with suppress(OSError):
            draft.note(reason=_reason(error), if_last=last, process=0, tried_at=tried_at)
        if self._session.screen.output not in ("json", "jsonl"):
            error.add_note(f"Your text is in {_from_home(draft.path)}")
            error.add_note(f"Go on with it: commercive {shlex.join(self._words_to_go_on(error))}")

    def _words_to_go_on(self, error: BaseException) -> list[str]:
        reopen = self._reply.reopen or isinstance(error, ConversationClosed)
        flags = [name for name, is_set in (("--reopen", reopen), ("--close", self._reply.close)) if is_set]
        return [*self._session.options.words(), "chat", "reply", self._reply.conversation, "--draft", *flags]


def _raise(error: Exception) -> NoReturn:
    raise error


class _RehearsedError(Exception):
    """A dry run sent nothing."""


def _reason(error: BaseException) -> str:
    if isinstance(error, WrittenSince):
        return "somebody wrote meanwhile"
    if isinstance(error, ConversationClosed):
        return "the conversation is closed"
    if isinstance(error, CommerciveError):
        return error.message
    return "interrupted" if isinstance(error, KeyboardInterrupt) else redact(str(error)) or type(error).__name__


def _from_home(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


@contextmanager
def _told(text: str) -> Iterator[None]:
    """Tell the text itself when it cannot be sent."""
    try:
        yield
    except BaseException as error:
        error.add_note(AsItIs(f"Your text, which is kept nowhere:\n{text}"))
        raise
