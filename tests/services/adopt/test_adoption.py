"""Adoptions: what the former backend holds arrives whole, mess and all, and wherever a run was killed."""

import shutil
from collections.abc import Iterable
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commercive_cli.domain.quoting import shortened
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.adopt.problems import Problems
from commercive_cli.services.adopt.service import Wish
from commercive_cli.services.adopt.source import ExportSource
from commercive_cli.services.audit.service import AuditService
from commercive_cli.store.items import Item, OtherValue
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Write
from tests.services.adopt.adopter import HERE, NOW, Adopter, fates, kinds, made, unbalanced
from tests.services.adopt.old_backend import OldBackend, old_backend
from tests.services.fakes import Intervening, ManualClock
from tests.services.raw_data import errors_in, everything, rows


def test_clean_data_arrives_whole_on_either_engine(either: Store) -> None:
    """Nothing is put aside, both sides balance, the audit finds nothing, and another run writes nothing."""
    adopt, old = Adopter(either), old_backend(3, conversations=8, leads=30)
    first = adopt(old)
    held = everything(either)
    again = adopt(old)

    assert 0 == first.in_quarantine
    assert ([], []) == (unbalanced(first), unbalanced(again))
    assert [] == AuditService(either, ManualClock(NOW)).run("ops").findings
    assert [] == errors_in(either)
    assert held == everything(either)
    assert {"read", "unchanged"} == {fate for table in fates(again).values() for fate in table}


def test_messy_data_arrives_on_either_engine(either: Store) -> None:
    """With a third of the items spoilt, what can be keyed is sound here, and the rest is put aside with its reason."""
    first = Adopter(either)(old_backend(5, messy=True))

    assert first.in_quarantine > 0
    assert [] == unbalanced(first)
    assert [] == AuditService(either, ManualClock(NOW)).run("ops").findings
    assert [] == errors_in(either)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_whatever_mess_there_is_each_item_is_accounted_for(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every item is brought or put aside, the audit finds nothing, and another run at another time writes nothing."""
    old = old_backend(seed, messy=True, conversations=4, leads=8)
    with closing(made(tmp_path_factory.mktemp("adopted") / "store.db")) as store:
        first = Adopter(store)(old)
        held, findings = everything(store), AuditService(store, ManualClock(NOW)).run("ops").findings
        again = Adopter(store, ManualClock(NOW + 5_000))(old)
        after, errors = everything(store), errors_in(store)

    assert ([], []) == (findings, errors)
    assert ([], []) == (unbalanced(first), unbalanced(again))
    assert [table.read for table in first.tables] == [table.brought + table.quarantined for table in first.tables]
    assert held == after
    assert kinds(first) == kinds(again)


class Died(BaseException):
    """The process is dead."""


class Mortal(Intervening):
    """A store whose process dies before its `last`-th write, or right behind it."""

    def __init__(self, store: Store, last: int | None = None, *, behind: bool = False) -> None:
        super().__init__(store)
        self.writes = 0
        self._last, self._behind, self._dead = last, behind, False

    def transact(self, *writes: Write) -> None:
        self._live(lambda: super(Mortal, self).transact(*writes))

    def batch_put(self, table: Table, items: Iterable[Item]) -> int:
        listed = list(items)
        self._live(lambda: super(Mortal, self).batch_put(table, listed))
        return len(listed)

    def _live(self, write: Any) -> None:
        self.writes += 1
        self._dead = self._dead or (self.writes == self._last and not self._behind)
        if self._dead:
            raise Died
        write()
        if self.writes == self._last:
            self._dead = True
            raise Died


def test_a_run_that_was_killed_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    """Killed before or behind any of its writes, and run again later: the store holds what it holds in one go."""
    old = old_backend(11, messy=True, conversations=36, leads=200)
    with closing(made(tmp_path / "whole.db")) as store:
        whole = Mortal(store)
        Adopter(whole)(old)
        expected = everything(whole)

    assert whole.writes > 10
    for last in range(1, whole.writes):
        with closing(made(tmp_path / f"{last}.db")) as store:
            with pytest.raises(Died):
                Adopter(Mortal(store, last, behind=last % 2 == 0))(old)
            answer = Adopter(store, ManualClock(NOW + 90_000))(old)

            assert [] == unbalanced(answer)
            assert expected == everything(store), f"killed at write {last}"


def test_a_later_run_that_was_killed_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    """Killed while it brings what changed there, before or behind any write: the end is that of a run in one go."""
    old = old_backend(4, conversations=3, leads=6)
    with closing(made(tmp_path / "base.db")) as base:
        Adopter(base)(old)
    for number, conversation in enumerate(old.tables_by_name["chat_conversations"]):
        conversation |= {"status": "closed" if number % 2 else "open", "updated_at": NOW + number}
        message = {"conversation_id": conversation["conversation_id"], "sender_type": "user", "message_text": "more"}
        for place in range(100 if number == 0 else 1):
            more = message | {"message_id": f"MSG-{number}-{place}", "created_at": NOW + place, "sender_id": "u"}
            old.tables_by_name["chat_messages"].append(more)
        conversation["unread_admin"] += 1
    for number, lead in enumerate(old.tables_by_name["leads"]):
        lead |= {"status": ("approved", "rejected", "pending")[number % 3], "commission_amount": number}
    old.tables_by_name["leads"].append(old.tables_by_name["leads"][0] | {"lead_id": "LEAD-NEW", "status": "approved"})
    ends: list[dict[str, list[Item]]] = []
    points: list[tuple[int | None, bool]] = [(None, False)]
    while points:
        last, behind = points.pop()
        with closing(SQLiteStore(Path(shutil.copy(tmp_path / "base.db", tmp_path / f"{len(ends)}.db")))) as store:
            mortal = Mortal(store, last, behind=behind)
            with suppress(Died):
                Adopter(mortal, ManualClock(NOW + 10))(old)
            if last is None:
                points = [(number, behind) for number in range(1, mortal.writes) for behind in (False, True)]
                assert len(points) > 12
            else:
                assert [] == unbalanced(Adopter(store, ManualClock(NOW + 90_000))(old))
            assert [] == errors_in(store)
            ends.append(everything(store))

    assert all(end == ends[0] for end in ends)


def test_an_export_is_adopted_like_live_tables(adopt: Adopter, store: Store, tmp_path: Path) -> None:
    """DynamoDB's export of the tables holds what the tables hold; other tables beside them are skipped by name."""
    old = old_backend(5, messy=True)
    answer = adopt(ExportSource(old.export(tmp_path / "export")))
    with closing(made(tmp_path / "live.db")) as other:
        live, held = Adopter(other)(old), everything(other)

    assert ["commercive_affiliate_orders", "commercive_user_preferences"] == answer.skipped
    assert (kinds(live), fates(live)) == (kinds(answer), fates(answer))
    assert held == everything(store)


def test_a_rehearsal_tells_the_same_and_writes_nothing(adopt: Adopter, store: Store, tmp_path: Path) -> None:
    """All problems are told as a run tells them; neither the store nor the quarantine file changes."""
    old, path = old_backend(5, messy=True), tmp_path / "aside.jsonl"
    before = everything(store)
    rehearsed = adopt(old, Wish(dry_run=True, quarantine=path))
    after, written = everything(store), path.exists()
    real = adopt(old)

    assert (before, False, []) == (after, written, rehearsed.reconciliation)
    assert (kinds(real), fates(real)) == (kinds(rehearsed), fates(rehearsed))
    assert real.problems == rehearsed.problems


def test_money_is_exact_and_each_rounding_is_told(adopt: Adopter, store: Store) -> None:
    """Fractions are rounded half up; what a rejected lead kept is off the lead and in its audit row."""
    old = old_backend(3, conversations=1, leads=3)
    first, second, third = old.tables_by_name["leads"]
    first |= {"status": "approved", "commission_amount": Decimal("12.345")}
    second |= {"status": "APPROVED", "commission_amount": " 25.50 "}
    third |= {"status": "rejected", "commission_amount": Decimal("19.99")}
    answer = adopt(old)
    leads = {lead["lead_id"]: lead.get("commission_amount") for lead in rows(store, LEADS)}
    [kept] = (row for row in rows(store, OPS) if row["pk"] == f"audit#lead#{third['lead_id']}")
    [commission] = (each for each in answer.reconciliation if each.figure.startswith("commission"))

    assert [Decimal("12.35"), Decimal("25.50"), None] == [leads[each["lead_id"]] for each in (first, second, third)]
    assert [f"{first['lead_id']}: 12.345 is 12.35"] == [
        told for each in answer.problems if each.kind == "money" for told in each.examples
    ]
    assert {"status": "rejected", "commission_amount": Decimal("19.99")} == kept["before"]
    assert ({"status": "rejected"}, third["updated_at"]) == (kept["after"], kept["at"])
    assert (Decimal("37.845"), Decimal("0.005"), Decimal("37.85"), True) == (
        commission.there,
        commission.mended,
        commission.here,
        commission.balanced,
    )


def test_counters_say_what_was_read(adopt: Adopter, store: Store) -> None:
    """As many of each side's newest messages are unread as the counter says; the machine's never are."""
    old = old_backend(3, conversations=1, leads=0)
    [conversation] = old.tables_by_name["chat_conversations"]
    conversation |= {"unread_admin": 1, "unread_user": 2}
    old.tables_by_name["chat_messages"] = [
        {
            "message_id": f"MSG-{number}",
            "conversation_id": conversation["conversation_id"],
            "sender_type": sender,
            "sender_id": sender,
            "message_text": "hi",
            "created_at": conversation["created_at"] + 5,
            "is_read": False,
        }
        for number, sender in enumerate(["user", "ai", "admin", "admin", "admin", "user"])
    ]
    adopt(old)

    # All were written in one millisecond: an admin's stand before a user's, and the machine answers last.
    assert [
        ("MSG-2", True),
        ("MSG-3", False),
        ("MSG-4", False),
        ("MSG-0", True),
        ("MSG-5", False),
        ("MSG-1", True),
    ] == [
        (each["message_id"], each["is_read"]) for each in sorted(rows(store, MESSAGES), key=lambda m: m["created_at"])
    ]


def test_two_adopters_do_not_run_at_once(adopt: Adopter, store: Store) -> None:
    """The second one is refused and told who runs; the place is free in the end."""
    other = Intervening(store)
    refused: list[str] = []

    def second() -> None:
        with pytest.raises(Exception, match="another adoption") as refusal:
            adopt(old_backend())
        refused.append(str(refusal.value))

    other.before("batch_put", second)
    Adopter(other, holder=HERE)(old_backend())

    assert "process 1 on here, by ops" in refused[0]
    assert [] == [row for row in rows(store, OPS) if row["pk"] == "adoption"]


def test_each_oddity_is_told_in_words(adopt: Adopter) -> None:
    """Numbers are told from texts, bytes are in base64, long ids are cut, and a sender whom nobody knows is named."""
    old = old_backend(3, conversations=1, leads=1)
    [conversation], [lead] = old.tables_by_name["chat_conversations"], old.tables_by_name["leads"]
    conversation |= {"created_at": "yesterday"}
    lead |= {"lead_id": "L" * 900, "status": "rejected", "commission_amount": Decimal("1.5"), "lead_name": 5}
    lead["lead_email"] = OtherValue("B", (b"\xff",))
    [message, *_] = old.tables_by_name["chat_messages"]
    message |= {"message_id": "MSG-ODD", "sender_type": "Bot"}
    told = {each.kind: each.examples for each in adopt(old).problems}
    named, which = f"{shortened(lead['lead_id'])}: ", conversation["conversation_id"]

    assert [f"{which}: created_at is 'yesterday'"] == told["no-time"]
    assert [f"{which}: sender_type of MSG-ODD is 'Bot'"] == told["sender"]
    assert [f"{which}: sender_type of MSG-ODD is 'bot'"] == told["unknown-sender"]
    assert [f"{named}rejected, commission_amount is 1.5"] == told["kept-commission"]
    assert {f"{named}lead_name is 5", f'{named}lead_email is {{"B": "/w=="}}'} == set(told["text"])


def test_nothing_of_an_item_is_lost(adopt: Adopter, store: Store) -> None:
    """What only the former backend knows stays on the item, under its name."""
    old: OldBackend = old_backend(3, conversations=1, leads=4)
    adopt(old)
    leads = {lead["lead_id"]: lead for lead in rows(store, LEADS)}

    for lead in old.tables_by_name["leads"]:
        assert lead == {name: leads[lead["lead_id"]][name] for name in lead}


def test_the_examples_are_the_same_whatever_was_read_first() -> None:
    """Threads bring items in no order; what two runs say of the same data does not differ."""
    said = [("lead", f"l{number}", "wrong") for number in range(50)]
    one, other = Problems(), Problems()
    for table, identifier, words in said:
        one.add("status", table, identifier, words)
    for table, identifier, words in reversed(said):
        other.add("status", table, identifier, words)

    [answer] = one.answers()
    assert [answer] == other.answers()
    assert (50, 5) == (answer.count, len(answer.examples))
