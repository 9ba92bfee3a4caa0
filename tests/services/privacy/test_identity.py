"""Who a person is: only what is proven joins; nobody else is exported, erased or damaged by what forms say."""

from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from commercive_cli.domain.errors import Denied, Invalid, NotFound
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.audit.mend import Changes, MendService
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.privacy.service import PrivacyService
from commercive_cli.services.transfer.jsonl import line_of_text
from commercive_cli.store.items import Item, item_text
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, OPS, TABLES
from tests.services.fakes import ManualClock
from tests.services.privacy.world import person
from tests.services.raw_data import errors_in, everything, rows
from tests.services.transfer.stores import sqlite_store

A, B = "5f0c2f9e-6d1b-4c55-9a52-0d7b1f6f2a11", "9d2b2f0e-0000-4000-8000-000000000000"
A_EMAIL, B_EMAIL, B_NAME, B_PHONE = "ana@example.com", "bea@example.com", "Bea Brandt", "+4915198765432"


class Town:
    """Some people and what they did, over one store."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store, self.clock = store, clock
        self.chat, self.leads = ChatService(store, clock), LeadService(store, clock)
        self.affiliates, self.desk = AffiliateService(store, clock), DeskService(self.chat)
        self.privacy = PrivacyService(store, clock)

    def talk(self, user: str, text: str) -> str:
        """Let a user write, and support answer, take the conversation and note something."""
        one = self.chat.send(user, text, store=f"{user[:4]}.example", key=f"said {len(text)}").conversation_id
        self.chat.reply(one, "admin-jo", "Hi, the order is pending", key=f"re {one}")
        self.desk.note(one, "admin-jo", "asked for the order")
        self.desk.claim(one, "admin-jo")
        return one

    def partner(self, affiliate: str, email: str) -> str:
        """Make somebody an affiliate with a link and a lead that is approved; return the link's code."""
        code = self.affiliates.create_link(affiliate, email, f"{affiliate[:4]}.example", key="link").link_id
        lead = self.leads.submit(code, person("Cas Costa", "cas@example.com", "+15550001001"), key=f"by {code}").lead_id
        self.leads.decide(lead, "approved", "admin-jo", commission="17", notes="17 orders", key=f"yes {lead}")
        return code

    def bea(self) -> "Town":
        """Let Bea chat, be an affiliate, and be a lead of somebody else."""
        self.talk(B, "Hi, this is Bea Brandt, +49 151 98765432. Where is the order?")
        self.partner(B, B_EMAIL)
        self.leads.submit(self.partner("affiliate-dan", "dan@example.com"), person(B_NAME, B_EMAIL, B_PHONE), key="bea")
        return self

    def lines(self) -> set[tuple[object, ...]]:
        """Return every item as an export holds it, with its place."""
        return {
            (table.name, *table.key_of(item).values(), line_of_text(item_text(item)))
            for table in TABLES
            for item in rows(self.store, table)
        }

    def broken(self) -> list[str]:
        """Return what the audit, and a count of its own, find wrong."""
        return [*map(str, AuditService(self.store, self.clock).run("test").findings), *errors_in(self.store)]

    def exported(self, who: str, **more: Any) -> list[Item]:
        """Return the items of an export."""
        found: list[Item] = []
        self.privacy.export(who, lambda _table, item: found.append(item), **more)
        return found


@pytest.fixture
def town(either: Store, clock: ManualClock) -> Town:
    return Town(either, clock)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return where the embedded store keeps its files."""
    return tmp_path


def raw(town: Town, files: Path) -> str:
    """Return all items as text, and of the embedded store all bytes of the file, its log and its index."""
    held = [path.read_bytes().decode("latin-1") for path in files.glob("store.db*")]
    return "\n".join([str(everything(town.store)), *held]).casefold()


def test_whoever_names_anothers_address_in_a_link_gets_nothing_of_theirs(town: Town, files: Path) -> None:
    """A names B's address: A's export has nothing of B, and B keeps every byte when A is erased."""
    town.bea()
    theirs = town.lines()
    town.partner(A, B_EMAIL)
    town.talk(A, "my own secret")
    found, shown = town.privacy.find(A).answer, town.exported(A)
    town.privacy.erase(A, "dpo")

    assert [(B_EMAIL, "address"), (B, "id")] == [(each.id, each.kind) for each in found.candidates[:2]]
    assert ["lead"] == [each.kind for each in found.candidates[2:]]
    assert not any(word in str(shown) for word in (B, "Bea", "98765432"))
    assert theirs <= town.lines()
    assert not any(word in raw(town, files) for word in (A, "my own secret"))
    assert [] == town.broken()


def test_whose_address_another_named_is_erased_without_harming_them(town: Town) -> None:
    """Of B, whose address stands in A's link, all goes; A's link and stats stay, and are named as remaining."""
    code = town.partner(A, B_EMAIL)
    town.talk(A, "write to Bea@Example.com, please")
    theirs = {line for line in town.lines() if "Bea@Example" not in str(line)}
    lead = town.bea().leads.submit(code, person("Cy", "cy@example.com", "")).lead_id
    erased = town.privacy.erase(B, "dpo", also=[B_EMAIL])
    left = str(everything(town.store))

    assert len(theirs - town.lines()) == 1  # the stats of A count the new lead
    assert A == town.leads.lead(lead).affiliate_id
    assert {"affiliate_links", "leads"} == {each.split()[0] for each in erased.remaining}
    assert any(code in each for each in erased.remaining)
    assert "write to [erased], please" in left
    assert B not in left
    assert [] == town.broken()


def test_a_form_with_somebody_elses_name_and_phone_leads_nowhere(town: Town, files: Path) -> None:
    """The form is A's by its address, once it is included; B, whose name and number stand in it, keeps every byte."""
    town.bea()
    theirs = town.lines()
    form = person(B_NAME, A_EMAIL, B_PHONE)
    lead = town.leads.submit(rows(town.store, LEADS)[0]["link_id"], form, key="form").lead_id
    stats = {line for line in town.lines() if line[0] == "affiliate_stats"}
    before = town.privacy.find(A_EMAIL).answer
    erased = town.privacy.erase(A_EMAIL, "dpo", include=[lead])

    assert [(lead, f"lead_email: {A_EMAIL}")] == [(each.id, each.reason) for each in before.candidates]
    assert B_PHONE in [each.id for each in erased.candidates]
    assert {line for line in theirs if line[0] != "affiliate_stats"} | stats <= town.lines()
    assert A_EMAIL not in raw(town, files)
    assert ("[erased]", "[erased]") == (town.leads.lead(lead).lead_name, town.leads.lead(lead).lead_phone)
    assert [] == town.broken()


def test_a_common_phrase_as_a_name_changes_no_text(town: Town) -> None:
    """A lead that calls itself "the order" or "Hi" takes these words from nobody."""
    town.bea()
    link = rows(town.store, LEADS)[0]["link_id"]
    for name in ("the order", "Hi"):
        lead = town.leads.submit(link, person(name, A_EMAIL, "1234567"), key=name).lead_id
        before = town.lines()
        town.privacy.erase(A_EMAIL, "dpo", include=[lead])
        gone = {line[:-1] for line in before - town.lines()}

        assert {("leads", lead), ("ops", name)} == {
            (each[0], each[-1] if each[0] == "ops" else each[1]) for each in gone
        }
    assert [] == town.broken()


@pytest.mark.parametrize("one", ["lead", "pending", "claim", "17", "open", "audit", "user-1"])
def test_an_id_that_is_a_common_word_corrupts_nothing(one: str, town: Town, files: Path) -> None:
    """Of whoever has the id all goes; words, keys, states and amounts that are spelled so stay as they are."""
    town.bea()
    town.talk("user-2", f"{one}: is that the pending lead, claim 17, of the open audit?")
    theirs = town.lines()
    own = town.talk(one, "my own secret")
    town.partner(one, A_EMAIL)
    town.desk.note(town.talk("user-3", "hello"), one, "noted by them")
    money = sum(item["total_commission"] for item in everything(town.store)["affiliate_stats"])
    erased = town.privacy.erase(one, "dpo")
    after = everything(town.store)

    assert theirs <= town.lines()
    assert [] == erased.remaining
    assert money == sum(item["total_commission"] for item in after["affiliate_stats"])
    assert not any(word in raw(town, files) for word in ("my own secret", "noted by them", A_EMAIL))
    assert not any(
        one in (item.get("user_id"), item.get("sender_id"), item.get("affiliate_id"))
        for t in after.values()
        for item in t
    )
    assert one not in [
        part
        for item in rows(town.store, OPS)
        if not item["pk"].startswith("audit")
        for part in item["pk"].split("#")[2:]
    ]
    assert "[erased]" == town.chat.messages(own).messages[0].message_text
    assert [] == town.broken()


def test_an_id_that_is_spelled_like_a_link_s_code_takes_no_visitor_s_request(town: Town) -> None:
    """Requests of visitors are kept under the code of the link; that of another's link stays as it is."""
    code = town.partner("affiliate-dan", "dan@example.com")
    theirs = town.lines()
    town.talk(code, "my own secret")
    erased = town.privacy.erase(code, "dpo")

    assert theirs <= town.lines()
    assert "my own secret" not in str(everything(town.store))
    assert ([], []) == (erased.remaining, town.broken())


def test_that_somebody_mended_an_item_of_theirs_keeps_no_id(town: Town) -> None:
    """The audit rows of items that are kept under the person's id get the pseudonym, as the items do."""
    town.bea()
    town.desk.claim(town.talk("user-2", "hello"), "user-7", steal=True)
    town.partner("user-7", A_EMAIL)
    theirs = ("held#user-7", "primary#user-7", "request#affiliate/create-link#user-7", "claim#")
    for item in [item for item in rows(town.store, OPS) if item["pk"].startswith(theirs)]:
        changes = Changes({"created_at": 1} if "created_at" in item else {"until": item["until"] + 1})
        MendService(town.store, town.clock).mend("ops", f"{item['pk']} {item['sk']}", "ops-1", changes)
    told = [item["subject"] for item in mends(town.store)]
    erased = town.privacy.erase("user-7", "dpo")
    kept = mends(town.store)

    assert all(any(each.startswith(f"ops/{one}") for each in told) for one in theirs)
    assert len(told) == len(kept)
    assert [f"audit#item#{item['subject']}" for item in kept] == [item["pk"] for item in kept]
    assert "user-7" not in str(everything(town.store))
    assert [] == erased.remaining


def test_what_is_no_candidate_or_nobody_is_refused_before_anything_is_written(town: Town) -> None:
    """An id that matches nothing, one in other capitals, one that many items carry, and a candidate that is none."""
    town.bea()
    before = town.lines()
    for refused, words, ask in (
        (NotFound, "nothing in the tables is about", {"who": "nobody@example.com"}),
        (NotFound, "there is 'admin-jo'", {"who": "Admin-Jo"}),
        (NotFound, "nothing in the tables is about AFF-0", {"who": B, "also": ["AFF-0"]}),
        (Invalid, r"11 items are of .*, more than 5.*--most 11", {"who": B, "most": 5}),
        (Invalid, "is no candidate", {"who": B, "include": ["affiliate-dan"]}),
    ):
        with pytest.raises(refused, match=words):
            town.privacy.find(**ask)
        with pytest.raises(refused, match=words):
            town.privacy.erase(town.privacy.find(**ask), "dpo")

    assert before == town.lines()


def mends(store: Store) -> list[Item]:
    """Return the audit rows of items that were mended."""
    return [item for item in rows(store, OPS) if item.get("event") == "mend"]


IDS = (A, "17", "lead", "AFF-7Q2M9XKD", "pending")
EMAILS = (A_EMAIL, B_EMAIL, "info@shop.example")
PHONES = (B_PHONE, "+4915100000001", "")
PHRASES = ("the order", "Hi", "17", "pending", "lead", A_EMAIL, B_EMAIL, B_PHONE, A, "AFF-7Q2M9XKD", "claim")
TEXTS = some.lists(some.sampled_from(PHRASES), min_size=1, max_size=4).map(" ".join)
DEEDS = some.lists(
    some.tuples(
        some.sampled_from(("talk", "note", "link", "lead", "close")),
        some.sampled_from(IDS),
        TEXTS,
        some.sampled_from(EMAILS),
        some.sampled_from(PHONES),
    ),
    min_size=3,
    max_size=14,
)
LONG = (A, "AFF-7Q2M9XKD")
WORDS = ("message_text", "last_message", "text", "admin_notes")
PEOPLE = ("user_id", "sender_id", "affiliate_id", "closed_by", "reviewed_by", "actor", "author")


def done(town: Town, deeds: list[tuple[str, str, str, str, str]]) -> None:
    """Let people talk, note, make links, fill in forms, decide and close."""
    talks, codes = list[str](), list[str]()
    for number, (deed, who, words, email, phone) in enumerate(deeds):
        key = str(number)
        if deed == "talk":
            talks.append(town.chat.send(who, words, key=key).conversation_id)
            town.chat.reply(talks[-1], "admin-jo", words, key=key)
        elif deed == "note" and talks:
            town.desk.note(talks[-1], who, words, key=key)
        elif deed == "close" and talks:
            town.chat.close(talks[-1], who)
        elif deed == "link":
            codes.append(town.affiliates.create_link(who, email, f"{number}.example", key=key).link_id)
        elif deed == "lead" and codes:
            lead = town.leads.submit(codes[-1], person(words, email, phone), key=key).lead_id
            with suppress(Denied):  # nobody approves a lead of their own
                town.leads.decide(lead, "approved", who, commission="17", notes=words, key=key)


@settings(max_examples=15)
@given(deeds=DEEDS, address=some.sampled_from(EMAILS), take=some.booleans())
def test_everybody_else_keeps_every_byte_but_for_unmistakable_identifiers(
    deeds: list[tuple[str, str, str, str, str]], address: str, *, take: bool
) -> None:
    """Whoever is erased, with an address that others name as well, and leads that are taken: the books stay true."""
    with (
        TemporaryDirectory() as directory,
        closing(sqlite_store(Path(directory) / "store.db", clock := ManualClock())) as store,
    ):
        town, who = Town(store, clock), deeds[0][1]
        done(town, deeds)
        try:
            found = town.privacy.find(who, also=[address])
        except NotFound:  # nobody of that id did anything
            return
        leads = {each.id for each in found.answer.candidates if each.kind == "lead"} if take else set()
        before = by_place(store)
        town.privacy.erase(who, "dpo", also=[address], include=leads)
        after = by_place(store)

        others = Others(who, address, leads, before)
        differing = [place for place, item in before.items() if not others.keep(item, after.get(place))]
        assert [] == [(place, before[place], after.get(place)) for place in differing]
        assert [] == town.broken()


def by_place(store: Store) -> dict[tuple[Any, ...], Item]:
    """Return every item by table and key."""
    return {(table.name, *table.key_of(item).values()): item for table in TABLES for item in rows(store, table)}


class Others:
    """What becomes of items that are not of the person, told without the program's own rules."""

    def __init__(self, who: str, address: str, leads: set[str], before: dict[tuple[Any, ...], Item]) -> None:
        self.who, self.leads = who, leads
        self.named = {address.casefold(), who} if who in LONG else {address.casefold()}
        self.talks = {
            i["conversation_id"] for place, i in before.items() if place[0] == "conversations" if i["user_id"] == who
        }

    def keep(self, item: Item, after: Item | None) -> bool:
        """Return whether an item is theirs, whatever became of it, or as it must be."""
        return self._is_theirs(item) or (after is not None and self._is_kept(item, after))

    def _is_theirs(self, item: Item) -> bool:
        kind, _, rest = str(item.get("pk", "")).partition("#")
        if kind == "note":
            return self.who == item["author"] or item["conversation_id"] in self.talks
        if kind == "request":
            return rest.partition("#")[2] == self.who
        if kind == "audit":
            return rest == f"affiliate#{self.who}"
        if "lead_id" in item:
            return item["lead_id"] in self.leads
        return self.who in (item.get("user_id"), item.get("sender_id"), item.get("affiliate_id"))

    def _is_kept(self, item: Item, after: Item) -> bool:
        equal = all(self._value_is_kept(item, name, value, after.get(name)) for name, value in item.items())
        return equal and item.keys() == after.keys()

    def _value_is_kept(self, item: Item, name: str, value: Any, after: Any) -> bool:
        if isinstance(value, dict) and isinstance(after, dict):
            return self._is_theirs(value) or self._is_kept(value, after)
        if name in PEOPLE and value == self.who:
            return str(after).startswith("erased-")
        if name in WORDS:
            return bool(after == " ".join("[erased]" if word in self.named else word for word in value.split(" ")))
        if name == "fingerprint" and self._is_about_them(item["answer"]):
            return bool(after == "[erased]")
        if name == "updated_at" and "lead_id" in item:
            return bool(after >= value)
        return bool(after == value)

    def _is_about_them(self, answer: Item) -> bool:
        lead = answer.get("lead", answer)
        noted = "note_id" in answer and answer["conversation_id"] in self.talks
        words = {word for text in (lead.get("admin_notes", ""), lead.get("lead_name", "")) for word in text.split(" ")}
        named = self.named & {*words, lead.get("lead_email", ""), lead.get("affiliate_id")}
        return noted or lead.get("lead_id") in self.leads or bool(named) or self.who == answer.get("affiliate_id")
