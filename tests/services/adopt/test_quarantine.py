"""The quarantine file: what cannot be brought is put there, people complete it, and adoptions take it from there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.domain.errors import Conflict, Invalid, NotFound
from commercive_cli.services.adopt.quarantine import complete_line
from commercive_cli.services.adopt.service import Wish
from commercive_cli.services.audit.mend import Changes
from commercive_cli.services.audit.service import AuditService
from commercive_cli.store.items import Item, encode_item
from commercive_cli.store.legacy_source import LegacyTable
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, LEADS, MESSAGES
from tests.services.adopt.adopter import NOW, Adopter, kinds, unbalanced
from tests.services.adopt.old_backend import OldBackend, old_backend
from tests.services.fakes import ManualClock
from tests.services.raw_data import everything, rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "aside.jsonl"


@pytest.fixture
def old() -> OldBackend:
    """Return a backend with a conversation of nobody, a lead of nobody and a message without a conversation."""
    old = old_backend(3, conversations=1, leads=1)
    old.tables_by_name["chat_conversations"].append(
        {"conversation_id": "CONV-STUB", "status": "closed", "updated_at": NOW - 9}
    )
    old.tables_by_name["leads"].append({"lead_id": "LEAD-STUB", "status": "approved", "updated_at": NOW - 9})
    [message, *_] = old.tables_by_name["chat_messages"]
    old.tables_by_name["chat_messages"] += [
        message | {"message_id": "MSG-LOST", "conversation_id": "CONV-GONE", "sender_id": "user-9"},
        message | {"message_id": "MSG-NOWHERE", "conversation_id": None, "sender_type": "admin"},
        message | {"message_id": "MSG-STUB", "conversation_id": "CONV-STUB", "sender_type": "admin"},
    ]
    return old


def lines_of(path: Path) -> dict[str, dict[str, Any]]:
    """Return the lines of the file by the id of their item."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    keys = {"chat_conversations": "conversation_id", "chat_messages": "message_id", "leads": "lead_id"}
    return {line["Item"][keys[line["table"]]]["S"]: line for line in lines}


def test_what_cannot_be_keyed_is_put_aside_with_its_reason(
    adopt: Adopter, store: Store, old: OldBackend, path: Path
) -> None:
    """The item stands there as it is in the source, with a reason, for its owner alone; nothing of it is stored."""
    answer = adopt(old, Wish(quarantine=path))
    lines = lines_of(path)

    assert (5, 5) == (answer.in_quarantine, kinds(answer)["quarantine"])
    assert {"CONV-STUB", "LEAD-STUB", "MSG-LOST", "MSG-NOWHERE", "MSG-STUB"} == lines.keys()
    assert "it belongs to no user: give it a user_id" == lines["CONV-STUB"]["reason"]
    assert "CONV-GONE is not there" in lines["MSG-LOST"]["reason"]
    assert "comes with it" in lines["MSG-STUB"]["reason"]
    assert {"lead_id": {"S": "LEAD-STUB"}, "status": {"S": "approved"}, "updated_at": {"N": str(NOW - 9)}} == lines[
        "LEAD-STUB"
    ]["Item"]
    assert 0o600 == path.stat().st_mode & 0o777
    assert not {"CONV-STUB", "LEAD-STUB", "MSG-LOST"} & set(str(everything(store)).split("'"))
    assert [] == unbalanced(answer)


def test_what_is_completed_is_taken_for_good(adopt: Adopter, store: Store, old: OldBackend, path: Path) -> None:
    """Lines completed by command, by editor and by an added line arrive; further runs change nothing of it."""
    adopt(old, Wish(quarantine=path))
    complete_line(path, "commercive_chat_conversations", "CONV-STUB", Changes({"user_id": "user-1"}))
    mended = complete_line(
        path, "leads", "LEAD-STUB", Changes({"affiliate_id": "AFF-MENDED01", "commission_amount": 5})
    )
    complete_line(path, "chat_messages", "MSG-NOWHERE", Changes({"conversation_id": "CONV-STUB"}))
    gone: Item = {"conversation_id": {"S": "CONV-GONE"}, "user_id": {"S": "user-9"}, "status": {"S": "open"}}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"table": "chat_conversations", "Item": gone}) + "\n")
    answer = adopt(old, Wish(quarantine=path))
    held, kept = everything(store), path.read_bytes()
    again = adopt(old, Wish(quarantine=path, final=True))
    threads = {(each["conversation_id"], each["message_id"]) for each in rows(store, MESSAGES)}
    [lead] = (each for each in rows(store, LEADS) if each["lead_id"] == "LEAD-STUB")

    assert (0, 0) == (answer.in_quarantine, again.in_quarantine)
    assert {("CONV-STUB", "MSG-STUB"), ("CONV-STUB", "MSG-NOWHERE"), ("CONV-GONE", "MSG-LOST")} <= threads
    assert ("AFF-MENDED01", "AFF-MENDED01", 5) == (lead["affiliate_id"], lead["link_id"], lead["commission_amount"])
    assert ("LEAD-STUB", True, ("affiliate_id", "commission_amount")) == (mended.id, mended.changed, mended.mended)
    assert (held, kept) == (everything(store), path.read_bytes())
    assert ([], []) == (unbalanced(answer), unbalanced(again))
    assert [] == AuditService(store, ManualClock(NOW)).run("ops").findings


@pytest.mark.parametrize("is_there", [True, False])
def test_what_is_completed_while_an_adoption_runs_is_not_lost(
    adopt: Adopter, store: Store, old: OldBackend, path: Path, is_there: bool
) -> None:
    """A file that somebody changes or makes meanwhile stays as it is, and the next run takes it."""
    item = {"lead_id": {"S": "LEAD-ADDED"}, "affiliate_id": {"S": "AFF-MENDED01"}, "created_at": {"N": f"{NOW - 9}"}}
    line = json.dumps({"table": "leads", "Item": item})
    if is_there:
        adopt(old, Wish(quarantine=path))

    class Completed(OldBackend):
        def pages(self, table: LegacyTable) -> Iterator[list[Item]]:
            yield from super().pages(table)
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")

    with pytest.raises(Conflict, match=r"aside\.jsonl was changed meanwhile, .* run the same command again to go on"):
        adopt(Completed(old.tables_by_name), Wish(quarantine=path))
    assert line in path.read_text(encoding="utf-8")
    adopt(old, Wish(quarantine=path))

    assert "LEAD-ADDED" in {lead["lead_id"] for lead in rows(store, LEADS)}


def test_a_line_stands_for_the_item_as_it_was(adopt: Adopter, store: Store, old: OldBackend, path: Path) -> None:
    """When the item there changes, what was completed before is told and stays in the file; the item is put aside."""
    adopt(old, Wish(quarantine=path))
    complete_line(path, "chat_conversations", "CONV-STUB", Changes({"user_id": "user-1"}))
    old.one("chat_conversations", conversation_id="CONV-STUB")["status"] = "open"
    answer = adopt(old, Wish(quarantine=path))
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if '"table": "chat_conversations"' in line]

    assert 1 == kinds(answer)["no-longer-there"]
    assert [True, False] == sorted(('"user_id":' in line for line in lines), reverse=True)
    assert "CONV-STUB" not in [each["conversation_id"] for each in rows(store, CONVERSATIONS)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nonsense", "line 2 is not of the form"),
        ('{"table": "leads"}', "line 2 is not of the form"),
        ('{"table": "payments", "Item": {}}', "one of chat_messages"),
        ('{"table": "leads", "Item": {"lead_id": {"N": "x"}}}', "line 2: "),
        pytest.param('{"table": "leads", "Item": ' + "[" * 100_000, "line 2 is not of the form", id="deep"),
        ('{"table": "leads", "source": 5, "Item": {}}', "line 2: source is no text"),
    ],
)
def test_a_damaged_line_is_named_before_anything_is_written(
    adopt: Adopter, store: Store, old: OldBackend, path: Path, line: str, words: str
) -> None:
    """What an editor broke is named with its line; nothing is read, and nothing changes."""
    path.write_text('{"table": "leads", "Item": {"lead_id": {"S": "L"}}}\n' + line + "\n", encoding="utf-8")
    before = everything(store)
    with pytest.raises(Invalid, match=words):
        adopt(old, Wish(quarantine=path))

    assert before == everything(store)


def test_only_items_in_the_file_can_be_completed(adopt: Adopter, old: OldBackend, path: Path) -> None:
    """Another key, another table and another file are refused by name."""
    adopt(old, Wish(quarantine=path))

    with pytest.raises(NotFound, match="no line of leads with the lead_id LEAD-OTHER"):
        complete_line(path, "leads", "LEAD-OTHER", Changes({}))
    with pytest.raises(Invalid, match="chat_messages"):
        complete_line(path, "payments", "LEAD-OTHER", Changes({}))
    with pytest.raises(Invalid, match="cannot be read"):
        complete_line(path.with_name("other.jsonl"), "leads", "LEAD-OTHER", Changes({}))


def test_an_item_with_the_key_of_another_one_is_put_aside(either: Store, old: OldBackend, path: Path) -> None:
    """What stands in the tables is brought; lines that add its key again stay in the file, with a reason each."""
    tables, added = old.tables_by_name, []
    for table, items in tables.items():
        item = encode_item(items[0] | {"extra": "again"})
        added += [{"table": table, "Item": item}, {"table": table, "Item": item | {"extra": {"S": "once more"}}}]
    path.write_text("".join(json.dumps(each) + "\n" for each in added), encoding="utf-8")
    for items in tables.values():
        items.append(dict(items[0]))  # the same item twice is one
    first = Adopter(either)(old, Wish(quarantine=path))
    held, lines = everything(either), path.read_bytes()
    again = Adopter(either)(old, Wish(quarantine=path))

    assert 8 == sum("another item has its" in line for line in path.read_text(encoding="utf-8").splitlines())
    assert "again" not in str(held)
    assert ([], []) == (unbalanced(first), unbalanced(again))
    assert [] == AuditService(either, ManualClock(NOW)).run("ops").findings
    assert (held, lines) == (everything(either), path.read_bytes())
