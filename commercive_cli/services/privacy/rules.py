"""What an erasure makes of an item, by the declarations of its model: whose it is, and what in it is personal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from commercive_cli.domain.attributes import UNREADABLE, Attribute, Kind, Personal, attributes_of
from commercive_cli.domain.models import OPS_RECORDS
from commercive_cli.services.chat.notes import NOTES
from commercive_cli.services.privacy.erasure_journal import is_journal_entry
from commercive_cli.services.privacy.identifiers import MARKER, Identifiers
from commercive_cli.services.privacy.identity import text_in
from commercive_cli.store.items import Item
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

_RECORDS = (*(table.record for table in TABLES if table.record), *OPS_RECORDS.values())
_NESTED: Mapping[str, Attribute] = {
    name: attribute
    for record in _RECORDS
    for name, attribute in attributes_of(record).items()
    if attribute.personal or attribute.kind is Kind.PERSON
}
"""What answers and states within an item may hold of records, by name: each name means the same in all of them."""

_BEFORE_PERSON = ("held#", "primary#", "audit#affiliate#", "audit#item#affiliate_stats/", "audit#item#affiliate_links/")
"""What stands before a person's id in keys of `ops`; behind those of links follows the code, after a slash."""

_MENDED = "audit#item#ops/"
"""What stands before the key of an item of `ops` in the audit row of its mending; its sort key follows a slash."""

_SUBMISSIONS = "request#affiliate/submit-lead#"
"""The keys of requests that visitors send; behind it follows the code of the link, which may be spelled like an id."""

_OWNERS = tuple(dict.fromkeys(record.owner for record in _RECORDS if record.owner not in ("", "lead_id")))


@dataclass(frozen=True)
class Rules:
    """Says what is a person's, and what is left of it when it is erased.

    `conversations` are the ids of the person's own conversations; the caller adds them as it finds them.
    """

    identifiers: Identifiers
    conversations: set[str] = field(default_factory=set)

    def owns(self, table: Table, item: Item) -> bool:
        """Return whether an item is the person's, and no erasure has given it a pseudonym yet."""
        if table is LEADS:
            return item["lead_id"] in self.identifiers.identity.leads
        record = table.record_of(item)
        named = [item.get(record.owner)] if record else []
        if table is OPS:
            named += [parted_key(item)[1]]
        return any(map(self.identifiers.identity.has_id, named))

    def note_conversation(self, table: Table, item: Item) -> None:
        """Take note of a conversation that is or was the person's, for the messages and notes in it."""
        if table is CONVERSATIONS and self.identifiers.is_theirs(item.get("user_id")):
            self.conversations.add(item["conversation_id"])

    def people_in(self, table: Table, item: Item) -> list[str]:
        """Return the ids of persons in an item."""
        record = table.record_of(item)
        declared = attributes_of(record).values() if record else ()
        named = [text_in(item, each.name) for each in declared if each.kind is Kind.PERSON]
        return [each for each in (*named, parted_key(item)[1] if table is OPS else "") if each]

    def concerns(self, table: Table, item: Item) -> bool:
        """Return whether an item is told to the person: it is theirs, or stands in a conversation of theirs.

        That is so of messages to them and of notes about them; a lead that they brought is told without its form.
        """
        if table is MESSAGES or is_note(table, item):
            return text_in(item, "conversation_id") in self.conversations or self.owns(table, item)
        credited = self.identifiers.identity.has_id(item.get("affiliate_id"))
        return self.owns(table, item) or (credited and table is LEADS)

    def told(self, table: Table, item: Item) -> Item:
        """Return an item as the person may have it: a lead of somebody else without what its form says."""
        if is_request(table, item):  # answers show what others were told as well
            return {name: value for name, value in item.items() if name not in ("answer", "fingerprint")}
        if table is LEADS and not self.owns(table, item):
            declared = attributes_of(LEADS.record) if LEADS.record else {}
            return {name: value for name, value in item.items() if name in declared and not declared[name].personal}
        return item

    def erased(self, table: Table, item: Item) -> Item:
        """Return what is left of an item; an equal one when nothing in it is the person's. Keys stay as they are."""
        record = table.record_of(item)
        if record is None:
            return item
        own = self.owns(table, item)
        whole = own or (is_note(table, item) and text_in(item, "conversation_id") in self.conversations)
        declared = attributes_of(record)
        left: Item = {}
        for name, value in item.items():
            attribute = declared.get(name)
            if name in table.key_names:
                left[name] = value
            elif attribute is not None:
                left[name] = self._left(attribute, value, whole=whole)
            elif name == UNREADABLE:
                left[name] = MARKER if whole else self.identifiers.without(value)
            elif not own or table is OPS:  # whatever else stands in a person's own item is about them
                left[name] = value
        return left | (self._links_left(item) if own and table is AFFILIATE_LINKS else {})

    def _left(self, attribute: Attribute, value: Any, *, whole: bool) -> Any:
        if attribute.kind is Kind.PERSON:
            return self.identifiers.renamed(value)
        if attribute.kind is Kind.OBJECT:
            return self.nested(value, whole=False)
        if attribute.personal is None or not value:
            return value
        if whole:
            return self.identifiers.email if attribute.kind is Kind.EMAIL else MARKER
        return self.identifiers.without(value) if attribute.personal is Personal.WORDS else value

    def _links_left(self, link: Item) -> Item:
        """Return what a link of the person keeps: a pseudonym of its shop, and no address with an id of theirs."""
        left: Item = {}
        if link.get("store_url"):
            left["store_url"] = self.identifiers.shop_pseudonym(text_in(link, "store_url"))
        if self._names_id(text_in(link, "affiliate_url")):
            left["affiliate_url"] = MARKER
        return left

    def _names_id(self, url: str) -> bool:
        return any(map(self.identifiers.identity.has_id, re.split("[/?&=#]", url)))

    def moved(self, item: Item) -> Item:
        """Return what is left of an item of `ops`, with the pseudonym in its key if a person is in it who is erased."""
        before, person, after = parted_key(item)
        left = {**self.erased(OPS, item), "pk": f"{before}{self.identifiers.renamed(person)}{after}"}
        if left["pk"] != item["pk"] and "subject" in left:
            left["subject"] = left["pk"].split("#", 2)[2]
        return left

    def nested(self, value: Any, *, whole: bool) -> Any:
        """Return what is left of an answer or state: its attributes go by the declarations of records."""
        match value:
            case dict():
                whole = self._is_theirs(value, otherwise=whole)
                return {name: self._nested_left(name, each, whole=whole) for name, each in value.items()}
            case list():
                return [self.nested(each, whole=whole) for each in value]
        return value

    def _nested_left(self, name: str, value: Any, *, whole: bool) -> Any:
        attribute = _NESTED.get(name)
        if isinstance(value, dict | list) or attribute is None:
            return self.nested(value, whole=whole)
        return self._left(attribute, value, whole=whole)

    def is_about(self, answer: Any) -> bool:
        """Return whether an answer, or a record in it, is the person's, or a note about them."""
        match answer:
            case {"note_id": _, "conversation_id": str() as one} if one in self.conversations:
                return True
            case dict():
                return self._is_theirs(answer, otherwise=False) or any(map(self.is_about, answer.values()))
            case list():
                return any(map(self.is_about, answer))
        return False

    def _is_theirs(self, value: Item, *, otherwise: bool) -> bool:
        if "lead_id" in value:
            return text_in(value, "lead_id") in self.identifiers.identity.leads
        owners = [value[name] for name in _OWNERS if name in value]
        return any(map(self.identifiers.identity.has_id, owners)) if owners else otherwise


def parted_key(item: Item) -> tuple[str, str, str]:
    """Return the partition key of an item of `ops` in three parts: the middle one is a person's id, if one is in it."""
    pk = str(item["pk"])
    if pk.startswith(_MENDED):
        before, person, after = parted_key({"pk": pk.removeprefix(_MENDED)})
        person, slash, sk = person.rpartition("/")
        return f"{_MENDED}{before}", person, f"{slash}{sk}{after}"
    if pk.startswith("request#") and not pk.startswith(_SUBMISSIONS):
        action, _, caller = pk.removeprefix("request#").partition("#")
        return f"request#{action}#", caller, ""
    before = next((each for each in _BEFORE_PERSON if pk.startswith(each)), pk)
    person = pk.removeprefix(before)
    if before.endswith("links/"):
        person, slash, code = person.rpartition("/")
        return before, person, slash + code
    return before, person, ""


def is_request(table: Table, item: Item) -> bool:
    """Return whether an item claims the key of a request."""
    return table is OPS and str(item["pk"]).startswith("request#")


def is_internal(table: Table, item: Item) -> bool:
    """Return whether an item is the journal of an erasure, which hides whom it is about."""
    return table is OPS and is_journal_entry(item)


def is_note(table: Table, item: Item) -> bool:
    """Return whether an item is a note about a conversation."""
    return table is OPS and str(item["pk"]).startswith(NOTES)


def kind_of(rules: Rules, table: Table, item: Item) -> str:
    """Return what an item is, in words, for the sum of what was found."""
    if table is LEADS:
        return "leads" if rules.owns(table, item) else "leads they brought"
    if table is OPS:
        kind = str(item["pk"]).partition("#")[0]
        return {"note": "notes", "audit": "audit rows", "request": "request keys"}.get(kind, "claims")
    return {AFFILIATE_LINKS: "links", AFFILIATE_STATS: "stats", CONVERSATIONS: "conversations"}.get(table, table.name)
