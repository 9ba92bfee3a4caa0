"""Notes of the support staff: kept apart from the messages, and shown in their place to the staff alone."""

import pytest

from commercive_cli.domain.errors import Invalid, NotFound
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.privacy.service import PrivacyService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, OPS
from commercive_cli.store.writes import Delete
from tests.services.chat.imported import V4, import_thread
from tests.services.fakes import Ids, Intervening, ManualClock
from tests.services.raw_data import errors_in, everything, rows


@pytest.fixture
def desk(chat: ChatService) -> DeskService:
    return DeskService(chat)


@pytest.fixture
def name(chat: ChatService) -> str:
    return chat.send("user-1", "Hello").conversation_id


def texts(desk: DeskService, name: str) -> list[str]:
    return [note.text for note in desk.notes(name).notes]


@pytest.mark.parametrize("imported", [False, True])
def test_notes_are_kept_in_order(desk: DeskService, store: Store, name: str, imported: bool) -> None:
    """With author and time, also about conversations of the old system and closed ones; the history tells of them."""
    if imported:
        import_thread(store)
        name = V4
    desk.note(name, "mira", " Stuck in customs \n")
    desk.chat.close(name, "mira")
    noted = desk.note(name, "jonas", "Released")

    assert ["Stuck in customs", "Released"] == texts(desk, name)
    last = desk.notes(name).notes[-1]
    assert ("jonas", noted.note_id, noted.created_at) == (last.author, last.note_id, last.created_at)
    assert ["close", "note", "note"] == sorted(row.event for row in desk.chat.history(name).history)
    assert errors_in(store) == []


def test_a_note_changes_nothing_that_the_user_sees(desk: DeskService, store: Store, name: str) -> None:
    """All tables but `ops` stay as they are, so no reader of them can come across it."""
    before = {table: items for table, items in everything(store).items() if table != "ops"}
    desk.note(name, "mira", "a secret")

    assert before == {table: items for table, items in everything(store).items() if table != "ops"}


def test_the_thread_has_the_notes_among_its_messages(desk: DeskService, clock: ManualClock, name: str) -> None:
    """Those before the first message that is shown are left out, as are those before `since`."""
    desk.note(name, "mira", "early")
    later = desk.chat.send("user-1", "more", conversation_id=name).created_at
    desk.note(name, "mira", "late")

    assert ["early", "late"] == [note.text for note in desk.show(name).notes]
    assert ["late"] == [note.text for note in desk.show(name, tail=1).notes]
    assert ["late"] == [note.text for note in desk.show(name, since=later).notes]
    assert [] == desk.show(name, since=clock.now).notes


def test_a_repeated_request_with_a_key_stores_one_note(desk: DeskService, name: str) -> None:
    """It gets the first answer."""
    first = desk.note(name, "mira", "once", key="k")

    assert first == desk.note(name, "mira", "once", key="k")
    assert ["once"] == texts(desk, name)


def test_an_id_that_repeats_replaces_no_note(store: Store, clock: ManualClock, name: str) -> None:
    """Should chance hand out an id twice, the second note gets another one, and both are kept."""
    twice = "01975a3c-0000-7000-8000-000000000000"
    desk = DeskService(ChatService(store, clock, Ids(twice, "a", twice)))
    desk.note(name, "mira", "one")
    desk.note(name, "mira", "two")

    assert {"one", "two"} == set(texts(desk, name))


def test_there_are_notes_about_what_there_is_alone(
    desk: DeskService, meddled: Intervening, store: Store, clock: ManualClock, name: str
) -> None:
    """Also where the conversation goes a moment before; nothing is written."""
    [item] = rows(store, CONVERSATIONS)
    meddled.before("transact", lambda: store.transact(Delete(CONVERSATIONS, CONVERSATIONS.key_of(item))))
    with pytest.raises(NotFound):
        DeskService(ChatService(meddled, clock)).note(name, "mira", "too late")
    for action in (lambda: desk.note("no-such", "mira", "x"), lambda: desk.notes("no-such")):
        with pytest.raises(NotFound):
            action()

    assert [] == rows(store, OPS)


@pytest.mark.parametrize("remark", [" ", "x" * 2_001, "\0"])
def test_the_length_of_a_note_is_bounded(desk: DeskService, store: Store, name: str, remark: str) -> None:
    """1 to 2,000 characters, as of notes on leads."""
    with pytest.raises(Invalid, match="note"):
        desk.note(name, "mira", remark)

    assert [] == rows(store, OPS)


def test_a_persons_data_hold_the_notes_about_them(desk: DeskService, store: Store, clock: ManualClock) -> None:
    """They get those about their conversations, and an erasure replaces their whole text."""
    name, other = (desk.chat.send(user, "Hello").conversation_id for user in ("user-17", "user-18"))
    desk.note(name, "mira", "user-17 is angry")
    desk.note(other, "mira", "angry, too")
    found: list[Item] = []
    PrivacyService(store, clock).export("user-17", lambda _, item: found.append(item))
    assert ["user-17 is angry"] == [item["text"] for item in found if "note_id" in item]
    PrivacyService(store, clock).erase("user-17", "dpo")

    [note] = desk.notes(name).notes
    assert "[erased]" == note.text
    assert ["angry, too"] == texts(desk, other)
