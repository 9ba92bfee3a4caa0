"""Transcripts: whole, in order, each once, and without persons where that is asked for."""

from functools import partial

from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.transcripts import TranscriptService
from commercive_cli.store.port import Store
from tests.services.chat.imported import V4, import_thread
from tests.services.fakes import Intervening, ManualClock


def test_every_conversation_is_there_once_with_its_messages_in_order(either: Store, clock: ManualClock) -> None:
    """Also an imported one, whose message ids are in another order than its messages."""
    chat = ChatService(either, clock)
    name = chat.send("u-1", "one", store="shop.example").conversation_id
    chat.reply(name, "jonas", "two")
    import_thread(either, V4)
    found = {each.conversation.conversation_id: each for each in TranscriptService(either).transcripts()}

    assert {name: ["one", "two"], V4: ["old 0", "old 1", "old 2"]} == {
        key: [message.message_text for message in each.messages] for key, each in found.items()
    }
    assert found[name].conversation == chat.conversation(name)


def test_since_leaves_out_older_messages_and_conversations(either: Store, clock: ManualClock) -> None:
    """A conversation that was closed since, but in which nobody wrote since, is not there."""
    chat = ChatService(either, clock)
    old, name = (chat.send("u-1", "one").conversation_id for _ in range(2))
    since = clock.now
    chat.close(old, "jonas")
    chat.reply(name, "jonas", "two")
    found = list(TranscriptService(either).transcripts(since=since))

    assert [(name, ["two"])] == [
        (each.conversation.conversation_id, [message.message_text for message in each.messages]) for each in found
    ]


def test_those_that_are_named_come_in_that_order(either: Store, clock: ManualClock) -> None:
    """Nothing else is read."""
    chat = ChatService(either, clock)
    names = [chat.send("u-1", text).conversation_id for text in ("a", "b", "c")]
    chosen = [chat.conversation(name) for name in (names[2], names[0])]

    assert ["c", "a"] == [each.messages[0].message_text for each in TranscriptService(either).transcripts(chosen)]


def test_a_redacted_transcript_names_nobody(either: Store, clock: ManualClock) -> None:
    """Texts and previews lose addresses, numbers and ids; who wrote what can still be told apart."""
    chat = ChatService(either, clock)
    name = chat.send("ann@example.com", "Call 070-555 01 42", store="shop.example").conversation_id
    chat.reply(name, "jonas", "I write to ann@example.com about #1001")
    chat.close(name, "boss@example.com")
    (found,) = TranscriptService(either).transcripts(redact=True)

    assert ["Call [phone]", "I write to [e-mail] about #1001"] == [each.message_text for each in found.messages]
    assert ["[e-mail]", "jonas"] == [each.sender_id for each in found.messages]
    assert ("[e-mail]", "[e-mail]", "shop.example", "I write to [e-mail] about #1001") == (
        found.conversation.user_id,
        found.conversation.closed_by,
        found.conversation.store_url,
        found.conversation.last_message,
    )
    assert "ann@" not in found.model_dump_json()


def test_notes_come_apart_from_messages_and_only_when_asked_for(either: Store, clock: ManualClock) -> None:
    """Of each conversation its own, from the time on that was asked for, redacted like the messages."""
    desk = DeskService(ChatService(either, clock))
    names = [desk.chat.send("u-1", "Hello").conversation_id for _ in range(6)]
    desk.note(names[0], "ann@example.com", "Call 070-555 01 42")
    since = clock.now
    desk.note(names[0], "mira", "Called")
    desk.chat.reply(names[0], "mira", "Hi")
    service = TranscriptService(either)
    found = {each.conversation.conversation_id: each for each in service.transcripts(notes=True, redact=True)}
    [later] = service.transcripts(notes=True, since=since)

    assert {None} == {each.notes for each in service.transcripts()}
    assert {name: [] for name in names[1:]} == {name: found[name].notes for name in names[1:]}
    assert [("[e-mail]", "Call [phone]"), ("mira", "Called")] == [
        (note.author, note.text) for note in found[names[0]].notes or []
    ]
    assert ["Hello", "Hi"] == [each.message_text for each in found[names[0]].messages]
    assert ["Called"] == [note.text for note in later.notes or []]


def test_what_changes_meanwhile_is_there_once(store: Store, clock: ManualClock) -> None:
    """A conversation that is closed while the export runs is neither missed nor repeated."""
    chat, asked = ChatService(store, clock), Intervening(store)
    names = [chat.send("u-1", text).conversation_id for text in ("a", "b", "c")]
    for name in names:
        asked.before("query", partial(chat.close, name, "jonas"))
    found = [each.conversation.conversation_id for each in TranscriptService(asked).transcripts()]

    assert sorted(names) == sorted(found)
