"""Requests of persons: everything about somebody is found, and erased so that nothing else changes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from decimal import Decimal
from pathlib import Path

import pytest

from commercive_cli.domain.answers.privacy import PersonErased
from commercive_cli.domain.errors import Conflict, Unavailable
from commercive_cli.domain.text import PREVIEW_LENGTH, preview
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.privacy.rules import Rules
from commercive_cli.services.privacy.service import PrivacyService
from commercive_cli.services.transfer.jsonl import line_of_text
from commercive_cli.store.dry_run import DryRun
from commercive_cli.store.items import Item, OtherValue, item_text
from commercive_cli.store.port import Store
from commercive_cli.store.schema import (
    AFFILIATE_LINKS,
    AFFILIATE_STATS,
    CONVERSATIONS,
    LEADS,
    MESSAGES,
    OPS,
    TABLES,
    Table,
)
from commercive_cli.store.writes import Delete
from tests.services.fakes import Intervening, ManualClock
from tests.services.privacy.world import ANA, EMAIL, GIVEN, NAME, OTHER, PHONE, TERMS, World, person
from tests.services.raw_data import everything, rows
from tests.services.transfer.stores import server_store, sqlite_store

NAMED = tuple(term.casefold() for term in TERMS)


@pytest.fixture(params=["sqlite", "server"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Yield the filled world, on either kind of store."""
    with ExitStack() as opened:
        clock = ManualClock()
        if request.param == "sqlite":
            store: Store = opened.enter_context(closing(sqlite_store(tmp_path / "world.db", clock)))
        else:
            store = opened.enter_context(closing(server_store(request.getfixturevalue("real_endpoint"))))
        yield World(store, clock).fill()


@pytest.fixture
def local(tmp_path: Path) -> Iterator[World]:
    """Yield the filled world on an embedded store."""
    clock = ManualClock()
    with closing(sqlite_store(tmp_path / "local.db", clock)) as store:
        yield World(store, clock).fill()


def service(world: World, store: Store | None = None) -> PrivacyService:
    return PrivacyService(store or world.store, world)


def erase(world: World, store: Store | None = None) -> PersonErased:
    """Erase Ana with all that is hers."""
    return service(world, store).erase(ANA, "dpo", also=GIVEN, include=world.mine())


def lines(world: World) -> dict[tuple[object, ...], bytes]:
    """Return every item as an export holds it, by table and key."""
    return {
        (table.name, *table.key_of(item).values()): line_of_text(item_text(item))
        for table in TABLES
        for item in rows(world.store, table)
    }


def collected(world: World, who: str = ANA) -> list[tuple[Table, Item]]:
    found: list[tuple[Table, Item]] = []
    service(world).export(who, lambda table, item: found.append((table, item)), include=world.mine(), also=GIVEN)
    return found


@pytest.mark.parametrize("who", ["id", "address", "id in capitals"])
def test_after_erasing_a_person_no_raw_item_knows_them_and_the_books_are_right(who: str, world: World) -> None:
    """Neither their id, e-mail, phone number nor shop is left in any table; counts, money and audit are true."""
    before, known = world.sums(), world.terms_found()
    if who == "address":
        erased = service(world).erase(EMAIL.lower(), "dpo", also=[PHONE], include=[ANA, *world.mine()])
    else:
        erased = service(world).erase(ANA if who == "id" else ANA.upper(), "dpo", also=GIVEN, include=world.mine())
    said = {item["message_text"] for item in rows(world.store, MESSAGES) if item["sender_id"] in erased.pseudonyms}

    assert list(TERMS) == known
    assert [] == world.terms_found()
    assert [] == world.broken()
    assert before == world.sums()
    assert ["leads"] == [place.split()[0] for place in erased.remaining]  # which somebody else's form names
    assert {"[erased]"} == said


def test_erasing_leaves_everything_about_others_as_it_was(world: World) -> None:
    """Items that do not show the person are the same, byte for byte, also the forms of her family and a namesake."""
    shown = {(table.name, *table.key_of(item).values()) for table, item in collected(world)}
    before = lines(world)
    erase(world)
    after = lines(world)
    changed = {place for place, line in before.items() if after.get(place) != line} - shown
    unnamed = {place for place in changed if not any(word in before[place].decode().casefold() for word in NAMED)}

    assert {"mine0", "mine1", "k4"} == {place[2] for place in unnamed if place[0] == "ops"}  # of requests about her
    assert 1 == len([place for place in unnamed if place[0] == "conversations"])  # a preview that is cut in her address
    assert 4 == len(unnamed)
    assert {"gus@example.com", "namesake@example.com"} <= {item["lead_email"] for item in rows(world.store, LEADS)}
    assert {"Gus Abelard", NAME} <= {item["lead_name"] for item in rows(world.store, LEADS)}


def test_everything_of_one_person_stays_together_under_a_pseudonym(world: World) -> None:
    """Everything that the person did carries the same pseudonym: conversations, messages, decisions, links, stats."""
    service(world).erase(ANA, "dpo")
    aliases = {item["user_id"] for item in rows(world.store, CONVERSATIONS) if item["user_id"].startswith("erased-")}
    owners = {
        item["affiliate_id"] for table in (AFFILIATE_LINKS, AFFILIATE_STATS, LEADS) for item in rows(world.store, table)
    }
    stats = next(i for i in rows(world.store, AFFILIATE_STATS) if i["affiliate_id"] in aliases)

    assert len(aliases) == 1
    assert aliases <= owners
    assert (5, 3) == (stats["total_leads"], stats["approved_leads"])
    assert any(item["sender_id"] in aliases for item in rows(world.store, MESSAGES))


def test_a_decision_about_an_erased_lead_is_still_made_once(local: World) -> None:
    """Sent again with its key it is refused, or else the network's retry would undo a later decision."""
    mine = local.mine()[0]
    local.leads.decide(mine, "approved", "admin-jo", commission="30", amend=True, key="again")
    local.leads.decide(mine, "approved", "admin-jo", commission="40", amend=True)
    erase(local)

    with pytest.raises(Conflict, match="used for another request"):
        local.leads.decide(mine, "approved", "admin-jo", commission="30", amend=True, key="again")
    assert Decimal(40) == local.leads.lead(mine).commission_amount
    assert [] == local.terms_found()


def test_links_of_the_erased_keep_working(world: World) -> None:
    """Leads can still be submitted with the person's link codes, and are counted for the pseudonym."""
    code = world.affiliates.get_link(ANA).affiliate_link
    service(world).erase(ANA, "dpo")
    assert code is not None
    world.leads.submit(code.link_id, person("New Lead", "new@example.com", "+1 555 999 9999"))

    assert [] == world.broken()
    assert world.affiliates.get_link(ANA).affiliate_link is None


def test_two_persons_get_pseudonyms_of_their_own(local: World) -> None:
    """Erased people are not merged, and erasing the same person elsewhere gives another name."""
    first = service(local).erase(ANA, "dpo").pseudonyms
    second = service(local).erase(OTHER, "dpo").pseudonyms

    assert set(first).isdisjoint(second)
    assert [] == local.broken()


def test_an_erasure_leaves_a_row_that_says_who_did_it(local: World) -> None:
    """The audit row says who erased, when, and which pseudonym; it does not name the person."""
    erased = service(local).erase(ANA, "dpo")
    row = next(item for item in rows(local.store, OPS) if item["pk"].startswith("audit#person#"))

    assert ("dpo", "erase") == (row["actor"], row["event"])
    assert row["subject"] in erased.pseudonyms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail Ana.Abelard@example.com.", "mail [erased]."),
        ("mail dana.abelard@example.com", "mail dana.abelard@example.com"),
        ("mail ana.abelard@example.com.br", "mail ana.abelard@example.com.br"),
        ("https://x.example/?to=Ana.Abelard%40example.com&n=1", "https://x.example/?to=[erased]&n=1"),
        ("https://x.example/?to=dana.abelard%40example.com", "https://x.example/?to=dana.abelard%40example.com"),
        ("+49151 23456789!", "[erased]!"),
        ("order 491512345678901", "order 491512345678901"),
        ("call 0151/234 567-89", "call [erased]"),
        ("Ana\nAbelard's", "Ana\nAbelard's"),
        ("the order of fm-Werkzeuge", "the order of fm-Werkzeuge"),
        (f"id {ANA}-2", f"id {ANA}-2"),
    ],
)
def test_only_what_is_the_person_is_replaced_in_texts(text: str, expected: str, local: World) -> None:
    """Whole addresses, numbers and long ids, however they are spaced; never a part of something longer, nor a name."""
    sent = local.chat.send(OTHER, text)
    erase(local)
    message = local.chat.messages(sent.conversation_id).messages[0]

    assert expected == message.message_text
    assert expected == local.chat.conversation(sent.conversation_id).last_message


@pytest.mark.parametrize(
    ("typed", "stored", "text", "expected"),
    [
        ("STRASSE@example.com", "Straße@Example.com", "to Straße@Example.com, please", "to [erased], please"),
        ("Straße@example.com", "strasse@example.com", "ẞ: STRAẞE@EXAMPLE.COM, Straßen", "ẞ: [erased], Straßen"),
        ("straße@example.com", "STRASSE@example.com", "ßß Strasse@example.com ß", "ßß [erased] ß"),
        (
            "i\u0307bo@example.com",
            "İbo@example.com",
            "İ İbo@example.com, i\u0307bo@example.com",
            "İ [erased], [erased]",
        ),
        (
            "jose\u0301@example.com",
            "José@example.com",
            "Jose\u0301@example.com, ＪＯＳÉ@example.com, jose@example.com, josé\u0302@example.com",
            "[erased], [erased], jose@example.com, josé\u0302@example.com",
        ),
        ("İbo@example.com", "İBO@example.com", "İİbo@example.com, bo@example.com", "İİbo@example.com, bo@example.com"),
    ],
)
def test_an_address_is_found_in_every_spelling(typed: str, stored: str, text: str, expected: str, local: World) -> None:
    """Links that name it are found in any spelling of it, and so is it in texts: composed or not, ß or ss."""
    local.affiliates.create_link("affiliate-eve", stored, "eve.example")
    sent = local.chat.send(OTHER, text)
    erased = service(local).erase(typed, "dpo", include=["affiliate-eve"])

    assert expected == local.chat.messages(sent.conversation_id).messages[0].message_text
    assert not any(stored == item["affiliate_email"] for item in rows(local.store, AFFILIATE_LINKS))
    assert [] == erased.remaining
    assert [] == local.broken()


def test_a_preview_stays_a_preview(local: World) -> None:
    """When the marker is longer than the word it replaces, the preview of the message is cut anew."""
    sent = local.chat.send(OTHER, "a@b.de and a@b.de, " * 11)
    service(local).erase("a@b.de", "dpo")
    message = local.chat.messages(sent.conversation_id).messages[0]

    assert len(message.message_text) > PREVIEW_LENGTH
    assert preview(message.message_text) == local.chat.conversation(sent.conversation_id).last_message


TRANSACTIONS = 10
"""The transactions that erasing Ana takes, from the journal entry to its deletion."""


def test_the_number_of_transactions_is_as_the_tests_below_assume(local: World) -> None:
    """The number of transactions that the next tests interrupt is the number that an erasure makes."""
    store = Intervening(local.store)
    erase(local, store)

    assert TRANSACTIONS == store.calls.count("transact")


class Died(BaseException):
    """The process is gone."""


def die() -> None:
    raise Died


@pytest.mark.parametrize("point", range(TRANSACTIONS))
def test_an_erasure_that_dies_anywhere_leaves_true_books_and_goes_on_with_the_same_pseudonym(
    point: int, local: World
) -> None:
    """Killed before any transaction: every invariant holds, the journal names nobody, and a rerun finishes."""
    before, mine = local.sums(), local.mine()
    with pytest.raises(Died):
        erase(local, interrupted(local, point, die))
    meanwhile, broken = local.sums(), local.broken()
    notes = [item for item in rows(local.store, OPS) if item["pk"] == "erasure"]
    service(local).erase(ANA, "dpo", also=GIVEN, include=mine)
    aliases = {item["user_id"] for item in rows(local.store, CONVERSATIONS) if item["user_id"].startswith("erased-")}
    owners = {item["affiliate_id"] for item in rows(local.store, AFFILIATE_STATS)}

    assert before == meanwhile == local.sums()
    assert [] == broken == local.broken()
    assert not any(term in str(notes) for term in (ANA, EMAIL.lower(), NAME))
    assert [] == local.terms_found()
    assert len(aliases) == 1
    assert aliases <= owners
    assert [] == [item for item in rows(local.store, OPS) if item["pk"] == "erasure"]


def interrupted(world: World, point: int, action: Callable[[], object]) -> Store:
    """Return the store as a run sees it, with something else happening right before one of its transactions."""
    store = Intervening(world.store)
    for _ in range(point):
        store.before("transact", lambda: None)
    store.before("transact", action)
    return store


@pytest.mark.parametrize("last", ["drafts", "old bytes"])
def test_an_erasure_that_dies_behind_its_last_pass_still_knows_the_person(last: str, local: World) -> None:
    """Nothing in the tables names them any more; the journal does, until drafts and old bytes are gone as well."""
    store = Intervening(local.store)
    store.before("overwrite_old", die)
    seen: list[str] = []

    def copies(rules: Rules) -> list[str]:
        seen.extend(rules.conversations)
        if last == "drafts" and len(seen) == 1:
            die()
        return []

    for privacy in (service(local, store), service(local, store if last == "drafts" else None)):
        with suppress(Died):
            privacy.erase(ANA, "dpo", also=GIVEN, include=local.mine(), copies=copies)
    unfinished = last == "drafts" and service(local).erase(ANA, "dpo", copies=copies)

    assert (last == "drafts") == bool(unfinished)
    assert 1 == len(set(seen))
    assert [] == [item for item in rows(local.store, OPS) if item["pk"] == "erasure"]
    assert [] == local.terms_found()


def a_lead_comes(world: World) -> None:
    link = next(item for item in rows(world.store, AFFILIATE_LINKS) if item["affiliate_id"].startswith(("erased", ANA)))
    world.leads.submit(link["link_id"], person("Late Lead", "late@example.com", "+1 555 000 1234"))


def a_lead_is_decided(world: World) -> None:
    lead = next(i for i in rows(world.store, LEADS) if i["lead_name"] == "Cas4 Costa" and i["status"] == "pending")
    world.leads.decide(lead["lead_id"], "approved", "admin-jo", commission="7.77")


def they_write(world: World) -> None:
    world.chat.send(ANA, f"still here, {EMAIL}")


def somebody_answers(world: World) -> None:
    conversation = next(i for i in rows(world.store, CONVERSATIONS) if i["user_id"] == OTHER)
    world.chat.reply(conversation["conversation_id"], "admin-jo", f"about {NAME}")


@pytest.mark.parametrize("event", [a_lead_comes, a_lead_is_decided, they_write, somebody_answers])
@pytest.mark.parametrize("point", range(TRANSACTIONS - 1))
def test_what_happens_meanwhile_is_neither_lost_nor_left_out(
    event: Callable[[World], None], point: int, local: World
) -> None:
    """With a concurrent write before each transaction, every invariant holds and the person is erased."""
    erase(local, interrupted(local, point, lambda: event(local)))

    assert [] == local.terms_found()
    assert [] == local.broken()


def test_a_person_who_never_stops_writing_is_said_to_be_still_there(local: World) -> None:
    """The erasure gives up with a message, keeps its journal entry, and finishes when it is run again."""
    store = Intervening(local.store)
    for _ in range(2_000):
        store.before("scan", lambda: they_write(local))
    with pytest.raises(Unavailable, match="run the same command again"):
        erase(local, store)
    service(local).erase(ANA, "dpo")

    assert [] == local.terms_found()


def test_a_rehearsed_erasure_writes_nothing(local: World) -> None:
    """--dry-run shows every change and makes none."""
    before, rehearsal = everything(local.store), DryRun(local.store)
    erased = service(local, rehearsal).erase(ANA, "dpo")

    assert before == everything(local.store)
    assert {"commercive_messages", "commercive_leads", "commercive_ops"} <= {c.table for c in rehearsal.changes}
    assert erased.items["messages"] > 0


def test_an_export_of_a_person_holds_everything_of_theirs(world: World) -> None:
    """Their conversations with the answers, what they wrote elsewhere, their leads, links, stats, claims and rows."""
    found = collected(world)
    texts = [item["message_text"] for table, item in found if table is MESSAGES]
    names = [item.get("lead_name") for table, item in found if table is LEADS]

    assert 2 == len([item for table, item in found if table is AFFILIATE_LINKS])
    assert [ANA] == [item["affiliate_id"] for table, item in found if table is AFFILIATE_STATS]
    assert 4 == len(texts)
    assert not any("My friend" in each for each in texts)
    assert 2 == names.count(NAME.upper())
    assert any(table is OPS and item.get("actor") == ANA for table, item in found)


def test_an_export_of_a_person_does_not_give_away_others(local: World) -> None:
    """The export has the leads credited to an affiliate, without the other person's data."""
    found = collected(local)
    brought = [item for table, item in found if table is LEADS and item["affiliate_id"] == ANA]

    assert 5 == len(brought)
    assert "cas" not in str(found).casefold()
    assert 3 == sum(item["status"] == "approved" for item in brought)
    assert not any("answer" in item for _, item in found)


ODD: tuple[tuple[Table, Item], ...] = (
    (AFFILIATE_LINKS, {"affiliate_id": ANA, "link_id": "ODD00001", "store_url": None, "affiliate_email": None}),
    (LEADS, {"lead_id": "odd1", "created_at": 1, "affiliate_id": ANA, "updated_at": None, "commission_amount": "1"}),
    (
        LEADS,
        {"lead_id": "odd2", "created_at": 1, "lead_email": EMAIL, "lead_name": [NAME], "lead_phone": {"is": PHONE}},
    ),
    (CONVERSATIONS, {"conversation_id": "odd1", "created_at": 1, "last_message": EMAIL}),
    (CONVERSATIONS, {"conversation_id": "odd2", "created_at": 1, "last_message": [EMAIL], "store_url": None}),
    (CONVERSATIONS, {"conversation_id": "odd3", "created_at": 1, "user_id": ANA, "last_message": [EMAIL], "mine": 1}),
    (MESSAGES, {"conversation_id": "odd1", "message_id": "2", "message_text": {"text": [EMAIL]}}),
    (MESSAGES, {"conversation_id": "odd1", "message_id": "3", "sender_id": ANA, "message_text": {"text": [EMAIL]}}),
    (OPS, {"pk": "request#chat/send#u", "sk": "2", "answer": [{"affiliate_id": ANA}]}),
    (OPS, {"pk": "link#ODD1", "sk": "claim", "affiliate_id": ANA}),
    (OPS, {"pk": f"primary#{ANA}", "sk": "odd.example", "affiliate_id": ANA, "link_id": 5}),
    (OPS, {"pk": "link#ODD00001", "sk": "claim", "affiliate_id": ANA, "link_id": "ODD00001"}),
)
KEPT: tuple[tuple[Table, Item], ...] = (
    (AFFILIATE_LINKS, {"affiliate_id": "affiliate-dan", "link_id": "ODD00002", "affiliate_email": {"S": EMAIL}}),
    (LEADS, {"lead_id": "odd3", "created_at": 1, "lead_name": [EMAIL], "updated_at": {}}),
    (LEADS, {"lead_id": "odd4", "created_at": 1, "enterprise": {"mail": EMAIL}}),
    (MESSAGES, {"conversation_id": "odd1", "message_id": "1", "sender_id": {"id": ANA}}),
    (OPS, {"pk": "request#chat/send#u", "sk": "1", "answer": {"lead_id": {"S": ANA}}}),
    (OPS, {"pk": "erasure", "sk": "1", "of": EMAIL}),
    (OPS, {"pk": f"of {EMAIL}", "sk": "1"}),
    (OPS, {"pk": "link#ODD2", "sk": "claim", "affiliate_id": {"id": ANA}, "link_id": None}),
)


def test_items_that_are_no_such_items_are_erased_as_far_as_they_are_hers(world: World) -> None:
    """Whatever others stored, an erasure ends. What no declaration says to be hers stays, and is named as remaining."""
    for table, item in (*ODD, *KEPT):
        world.store.batch_put(table, [item])
    erased = service(world).erase(ANA, "dpo", also=GIVEN, include=[*world.mine(), "odd2"])
    kept = [f"{table.name} {' '.join(map(str, table.key_of(item).values()))}: it is not" for table, item in KEPT]

    assert all(item in rows(world.store, table) for table, item in KEPT)
    assert 1 + len(kept) == len(erased.remaining)  # and the form of Gus, whose phone it is as well
    assert all(any(place.startswith(each) for place in erased.remaining) for each in kept)
    for table, item in KEPT:
        world.store.transact(Delete(table, table.key_of(item)))
    assert [] == world.terms_found()
    assert "enterprise" not in world.raw()


def test_stats_that_cannot_be_counted_do_not_stop_an_erasure(world: World) -> None:
    """Their leads are moved to the pseudonym all the same, and the audit counts them."""
    (stats,) = (item for item in rows(world.store, AFFILIATE_STATS) if item["affiliate_id"] == ANA)
    world.store.batch_put(AFFILIATE_STATS, [{**stats, "total_leads": "five", "version": None}])
    erase(world)
    AuditService(world.store, world).run("dpo", fix=True)

    assert [] == world.terms_found()
    assert [] == world.broken()


def test_what_others_added_to_a_person_s_item_goes_and_elsewhere_stays(world: World) -> None:
    """What no model declares is about whose item it is: hers lose it, and in those of others it is not even read."""
    one, other = world.mine()[0], next(i for i in rows(world.store, LEADS) if i["lead_name"] == "Cas0 Costa")
    (lead,) = (item for item in rows(world.store, LEADS) if item["lead_id"] == one)
    extras = {"company": "Werkzeug & Söhne", "copies": OtherValue("SS", ("Bea", "the order"))}
    world.store.batch_put(LEADS, [{**lead, **extras}, {**other, **extras}])
    shown = [item for table, item in collected(world) if table is LEADS and item["lead_id"] == one]
    erase(world)
    after = {item["lead_id"]: item for item in rows(world.store, LEADS)}

    assert extras.items() <= shown[0].items()
    assert extras.keys().isdisjoint(after[one])
    assert extras.items() <= after[other["lead_id"]].items()
    assert lead["commission_amount"] == after[one]["commission_amount"]


def test_what_the_store_refuses_to_change_is_named(world: World) -> None:
    """An item that the markers would make too large stays as it is; all others are changed."""
    large = {"pk": "note#large", "sk": "1", "text": "a@b.de " * 58_000}
    linked = {"pk": "link#LONG", "sk": "claim", "affiliate_id": ANA, "link_id": "x" * 2_000}
    world.store.batch_put(OPS, [large, linked, {"pk": "note#small", "sk": "1", "text": "a@b.de"}])
    erased = service(world).erase(ANA, "dpo", also=("a@b.de",))

    assert ["ops link#LONG claim", "ops note#large 1"] == sorted(each.partition(":")[0] for each in erased.remaining)
    assert {"pk": "note#small", "sk": "1", "text": "[erased]"} in rows(world.store, OPS)
    assert [] == [item for item in rows(world.store, OPS) if item["pk"] == "erasure"]


def test_an_address_that_is_missing_is_nobody_s(local: World) -> None:
    """A missing address identifies nobody: leads without one are not the person's, and texts stay as they are."""
    link = {"affiliate_id": ANA, "link_id": "ODD00001", "affiliate_email": None, "created_at": 1, "updated_at": 1}
    local.store.batch_put(AFFILIATE_LINKS, [link])
    local.store.batch_put(LEADS, [{"lead_id": "odd", "created_at": 1, "lead_email": None, "lead_name": None}])
    sent = local.chat.send(OTHER, "None of them came")
    service(local).erase(ANA, "dpo")

    assert "None of them came" == local.chat.messages(sent.conversation_id).messages[0].message_text
    assert {"lead_id": "odd", "created_at": 1, "lead_email": None, "lead_name": None} in rows(local.store, LEADS)
