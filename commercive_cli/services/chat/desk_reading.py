"""What the support staff sees at its desk: conversations with who holds them and what was noted, and what waits."""

from dataclasses import dataclass

from commercive_cli.domain.answers.threads import Conversations, HeldConversation, Notes, Thread
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.limits import DEFAULT_LIMIT
from commercive_cli.domain.models import WAITING_FOR, Conversation, ConversationClaim
from commercive_cli.domain.text import actor_id
from commercive_cli.services.access.lookup import find_by_id, key_of_id
from commercive_cli.services.access.paging import check_limit
from commercive_cli.services.access.stored_ids import StoredIds
from commercive_cli.services.chat.claims import held_by, read_claim, read_claims
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.notes import read_notes
from commercive_cli.services.chat.reading import ConversationReader
from commercive_cli.services.chat.waiting_index import WAITING_INDEX, is_waiting, waiting_place
from commercive_cli.store.cursor import decode_cursor, encode_cursor, invalid_cursor
from commercive_cli.store.items import Key
from commercive_cli.store.port import IndexNotReady, Query, Store
from commercive_cli.store.schema import CONVERSATIONS


@dataclass(frozen=True)
class DeskReader:
    """Reads conversations with who holds each of them. Times are milliseconds."""

    chat: ConversationReader

    @property
    def store(self) -> Store:
        """Return the store."""
        return self.chat.store

    def list_conversations(
        self,
        wanted: ConversationFilter,
        *,
        holder: str | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Conversations:
        """Return a page as `ConversationReader` does, and who holds each; with `holder`, of what they hold alone."""
        if holder is not None:
            return self._held_page(wanted, actor_id(holder), limit, cursor)
        page = self.chat.list_conversations(wanted, limit=limit, cursor=cursor)
        claims = read_claims(self.store, (each.conversation_id for each in page.conversations), self.chat.clock())
        valid = {each: claim.valid for each, claim in claims.items()}
        found = [_held(each, valid.get(each.conversation_id)) for each in page.conversations]
        return page.model_copy(update={"conversations": found})

    def waiting(self) -> str:
        """Return how many conversations wait, `100 or more` where it is not known exactly; empty for none."""
        try:
            page = self.store.query(Query(CONVERSATIONS, WAITING_FOR, WAITING_INDEX, limit=DEFAULT_LIMIT))
        except IndexNotReady:
            return ""
        count = len(page.items)
        return f"{count} or more" if page.next else str(count or "")

    def only_held(self, holder: str) -> str:
        """Return the conversation that somebody holds; raise Invalid unless it is exactly one."""
        held = [claim.conversation_id for claim in held_by(self.store, actor_id(holder), self.chat.clock())]
        if len(held) != 1:
            raise Invalid(f"you hold {len(held) or 'no'} conversations, so say which one")
        return held[0]

    def notes(self, conversation_id: str) -> Notes:
        """Return the notes about a conversation, oldest first; raise NotFound when there is no such conversation."""
        target = StoredIds(self.store).conversation(conversation_id)
        notes = list(read_notes(self.store, target))
        if not notes:
            self.chat.conversation(target)
        return Notes(notes=notes)

    def show(self, conversation_id: str, *, tail: int | None = None, since: int | None = None) -> Thread:
        """Return what `ConversationReader.show` does, with who holds it, and the notes among these messages."""
        thread = self.chat.show(conversation_id, tail=tail, since=since)
        target = thread.conversation.conversation_id
        claim = read_claim(self.store, target, self.chat.clock()).valid
        first = thread.messages[0].created_at if tail is not None and thread.messages else 0
        begin = max(first, 0 if since is None else since + 1)
        notes = [note for note in read_notes(self.store, target) if note.created_at >= begin]
        return thread.model_copy(update={"conversation": _held(thread.conversation, claim), "notes": notes})

    def _held_page(self, wanted: ConversationFilter, by: str, limit: int, cursor: str | None) -> Conversations:
        """Return a page of what somebody holds, in the order that was asked for; all of it is read each time."""
        claims = {claim.conversation_id: claim for claim in held_by(self.store, by, self.chat.clock())}
        keys = [key for each in claims if (key := key_of_id(CONVERSATIONS, each) or self._imported(each)) is not None]
        records = map(Conversation.of, self.store.batch_get(CONVERSATIONS, keys) if keys else [])
        wanted = self.chat.checked(wanted)
        listing, waiting = f"held|{by}|{wanted}", wanted.sort == "waiting"
        kept = [each for each in records if wanted.keeps(each) and (is_waiting(each) or not waiting)]
        kept.sort(key=waiting_place if waiting else _newest_first)
        start = decode_cursor(listing, cursor).get("start") if cursor else 0
        if type(start) is not int or start < 0:
            raise invalid_cursor()
        check_limit(limit)
        end = start + limit
        more = encode_cursor(listing, {"start": end}) if end < len(kept) else None
        page: list[Conversation] = [_held(each, claims[each.conversation_id]) for each in kept[start:end]]
        return Conversations(conversations=page, next_cursor=more)

    def _imported(self, conversation_id: str) -> Key | None:
        item = find_by_id(self.store, CONVERSATIONS, conversation_id)
        return None if item is None else CONVERSATIONS.key_of(item)


def _held(conversation: Conversation, claim: ConversationClaim | None) -> HeldConversation:
    held = {} if claim is None else {"held_by": claim.holder, "held_until": claim.until}
    return HeldConversation(**{**dict(conversation), **held})


def _newest_first(conversation: Conversation) -> tuple[int, str]:
    return -conversation.updated_at, conversation.conversation_id
