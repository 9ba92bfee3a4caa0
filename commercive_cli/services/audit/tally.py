"""What a sweep over all messages keeps of each conversation's, and whether the conversation can agree with that."""

from collections.abc import Iterable
from dataclasses import dataclass

from commercive_cli.domain.models import SNOOZED, WAITING_FOR
from commercive_cli.services.audit.states import state_problem
from commercive_cli.services.chat.messages import is_native
from commercive_cli.services.chat.waiting import ANSWERING, ASKING, AUTOMATIC
from commercive_cli.store.items import Item

POINTERS = ("last_message_id", "last_message_at", "waiting_since", "waiting_for")
_NEVER = -1


@dataclass(slots=True)
class Tally:
    """What a sweep saw of one conversation's messages; the times are those of the last message of each sender."""

    unread_admin: int = 0
    unread_user: int = 0
    last_at: int = _NEVER
    last_id: str = ""
    asked_at: int = _NEVER
    answered_at: int = _NEVER
    automatic_at: int = _NEVER
    in_order: bool = True

    def add(self, items: Iterable[Item]) -> None:
        """Count messages; every message of a store comes through here, so it is done by local variables."""
        last_at, asked_at, answered_at, automatic_at = self.last_at, self.asked_at, self.answered_at, self.automatic_at
        for item in items:
            sender, at = item["sender_type"], item["created_at"]
            if sender == ASKING:
                self.unread_admin += item.get("is_read") is False
                asked_at = at if at > asked_at else asked_at
            elif sender == ANSWERING:
                self.unread_user += item.get("is_read") is False
                answered_at = at if at > answered_at else answered_at
            elif sender == AUTOMATIC:
                automatic_at = at if at > automatic_at else automatic_at
            if at > last_at:
                last_at, self.last_id = at, item["message_id"]
            else:
                self.in_order = False
                if at == last_at and item["message_id"] > self.last_id:
                    self.last_id = item["message_id"]
        self.last_at, self.asked_at, self.answered_at, self.automatic_at = last_at, asked_at, answered_at, automatic_at

    def fits(self, item: Item) -> bool:
        """Return whether the conversation agrees with its messages, as far as a sweep can tell."""
        native = is_native(item["conversation_id"])
        return (
            self._has_counted(item, native=native)
            and (not native or (self.last_at <= item["updated_at"] and self.in_order))
            and self._ends_with(item, native=native)
            and state_problem("conversation", item) is None
            and (not tells_of_messages(item) or self._tells_right(item))
        )

    def _has_counted(self, item: Item, *, native: bool) -> bool:
        admin, user = item.get("unread_admin", 0), item.get("unread_user", 0)
        if native:
            return bool(admin == self.unread_admin and user == self.unread_user)
        return bool(0 <= admin <= self.unread_admin and 0 <= user <= self.unread_user)

    def _ends_with(self, item: Item, *, native: bool) -> bool:
        """Return whether a conversation is closed, and since when, or open; imported ones need not tell the time."""
        closed, closed_at = item["status"] == "closed", item.get("closed_at")
        if closed == (closed_at is None) and native:
            return False
        return not closed or closed_at is None or self.last_at <= int(closed_at)

    def _tells_right(self, item: Item) -> bool:
        return self._is_last_of(item) and self._awaits(item) and _stands_in_index(item)

    def _is_last_of(self, item: Item) -> bool:
        last = (self.last_id, self.last_at) if self.last_id else (None, None)
        return last == (item.get("last_message_id"), item.get("last_message_at")) and (
            "last_message" in item or not self.last_id
        )

    def _awaits(self, item: Item) -> bool:
        """Return whether a user can have waited since then; which of the unanswered messages it was is not known."""
        answered = self.answered_at if item.get("human_requested") else max(self.answered_at, self.automatic_at)
        since: int | None = item.get("waiting_since")
        if since is None:
            return self.asked_at < answered or self.asked_at == _NEVER
        return self.asked_at > answered and max(answered, int(item["created_at"])) <= since <= self.asked_at


def _stands_in_index(item: Item) -> bool:
    waits = item["status"] == "open" and item.get("waiting_since") is not None
    return item.get("waiting_for") in ((WAITING_FOR, SNOOZED) if waits else (None,))


def tells_of_messages(item: Item) -> bool:
    """Return whether a conversation must name its last message: ours do, others once we have written into them."""
    return is_native(item["conversation_id"]) or any(name in item for name in POINTERS[:2])
