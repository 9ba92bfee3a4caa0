"""The formats of results: what scripts may rely on."""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commercive_cli.cli.render import (
    lead_report_view,
    person_views,
    report_view,
    retention_views,
    search_view,
    table_views,
    top_view,
    transcript_view,
    transfer_views,
)
from commercive_cli.cli.render.emit import Screen
from commercive_cli.cli.render.formats import Format
from commercive_cli.cli.render.views import VIEWS
from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.answers.leads import Leads
from commercive_cli.domain.answers.threads import Conversations, Thread
from commercive_cli.domain.models import Conversation, Lead, Message
from commercive_cli.store.items import Item
from tests.store.attribute_values import VALUES

DECLARING = (
    lead_report_view,
    person_views,
    report_view,
    retention_views,
    search_view,
    table_views,
    top_view,
    transcript_view,
    transfer_views,
)
"""Loaded, so that all views of answers are declared."""

HOSTILE = "=1+1\x1b[2J\u202e\ttab\nline [bold]x[/bold]"


def conversation(number: int, text: str = HOSTILE) -> Conversation:
    return Conversation(
        conversation_id=f"c-{number}", user_id="u", status="open", created_at=number, updated_at=0, last_message=text
    )


def shown(answer: Answer, output: Format) -> str:
    out = io.StringIO(newline="")
    Screen(output, out=out).show(answer)
    return out.getvalue()


def streamed(items: list[Conversation], output: Format) -> str:
    out = io.StringIO(newline="")
    Screen(output, out=out).show_stream(Conversations, items)
    return out.getvalue()


def test_json_is_the_answer_itself() -> None:
    """`-o json` prints exactly the fields of the API, in one document."""
    answer = Conversations(conversations=[conversation(1)], next_cursor="x")

    assert answer.model_dump(mode="json") == json.loads(shown(answer, "json"))


ANY_CONVERSATIONS = st.lists(st.dictionaries(st.sampled_from([*Conversation.model_fields]), VALUES), max_size=3)
"""Conversations as other programs may have written them."""


@pytest.mark.parametrize("output", ["json", "jsonl", "csv", "ids", "table"])
@settings(max_examples=40)
@given(ANY_CONVERSATIONS)
def test_what_is_streamed_is_the_same_as_a_page(output: Format, stored: list[Item]) -> None:
    """--all changes how much is held in memory, not one byte of the output, whatever the items hold."""
    items = [Conversation.of({"conversation_id": f"c-{number}", **each}) for number, each in enumerate(stored)]

    assert shown(Conversations(conversations=items), output) == streamed(items, output)


def test_streams_are_written_as_they_come() -> None:
    """A stream of any length is never held whole."""
    out = io.StringIO(newline="")
    seen: list[int] = []

    def items() -> Iterator[Conversation]:
        for number in range(3):
            yield conversation(number)
            seen.append(out.getvalue().count("\n"))

    Screen("jsonl", out=out).show_stream(Conversations, items())

    assert seen == [1, 2, 3]


def test_jsonl_is_one_item_a_line() -> None:
    """Every line is the item's own JSON."""
    lines = shown(Conversations(conversations=[conversation(1), conversation(2)]), "jsonl").splitlines()

    assert [json.loads(line)["conversation_id"] for line in lines] == ["c-1", "c-2"]


def test_ids_are_for_xargs() -> None:
    """One id a line and nothing else."""
    assert shown(Conversations(conversations=[conversation(1), conversation(2)]), "ids") == "c-1\nc-2\n"


def test_piped_tables_are_tab_separated_and_whole() -> None:
    """A header, one line a record, RFC 3339 times, tabs and line breaks as escapes."""
    header, row = shown(Conversations(conversations=[conversation(1)]), "table").splitlines()
    cells = dict(zip(header.split("\t"), row.split("\t"), strict=True))

    assert cells["last_message"] == r"=1+1\x1b[2J\u202e\ttab\nline [bold]x[/bold]"
    assert cells["created_at"] == "1970-01-01T00:00:00.001Z"


def test_csv_is_safe_and_keeps_line_breaks() -> None:
    """Formulas are escaped, control characters are visible, and line breaks are kept in quotes."""
    (row,) = csv.DictReader(io.StringIO(shown(Conversations(conversations=[conversation(1)]), "csv"), newline=""))

    assert row["last_message"] == "'=1+1\\x1b[2J\\u202e\\ttab\nline [bold]x[/bold]"


@given(st.text(), st.sampled_from(["json", "jsonl", "csv", "ids", "table"]))
def test_no_format_lets_a_terminal_obey_text(text: str, output: Format) -> None:
    """Control characters and overrides never come out raw, in any format."""
    printed = shown(Conversations(conversations=[conversation(1, text)]), output)

    assert not set(printed) & set("\x00\x07\x08\x1b\x7f\x9b\u200e\u202a\u202e\u2066\ufeff")


@given(st.text(st.characters(codec="utf-8")))
def test_json_of_any_text_is_equal_in_meaning(text: str) -> None:
    """What users wrote is in the document exactly."""
    printed = shown(Conversations(conversations=[conversation(1, text)]), "json")

    assert text == json.loads(printed)["conversations"][0]["last_message"]


def test_money_is_a_number_in_json_and_has_two_places_in_rows() -> None:
    """25.5 is 25.5 for a program and 25.50 for a person."""
    lead = Lead.of(
        {
            "lead_id": "l",
            "affiliate_id": "a",
            "link_id": "x",
            "status": "approved",
            "created_at": 1,
            "updated_at": 1,
            "commission_amount": Decimal("25.50"),
        }
    )
    answer = Leads(leads=[lead])

    assert json.loads(shown(answer, "json"))["leads"][0]["commission_amount"] == 25.5
    assert ",25.50," in shown(answer, "csv")


def test_a_thread_is_its_messages_for_machines() -> None:
    """`chat show` piped gives one line a message."""
    message = Message(
        message_id="m", conversation_id="c-1", sender_type="user", sender_id="u", message_text="hi", created_at=1
    )
    thread = Thread(conversation=conversation(1), messages=[message])

    assert shown(thread, "ids") == "m\n"


def test_every_answer_has_a_view() -> None:
    """Every type of answer has a view, or the view of an answer that it extends."""
    abstract = {"Answer", "Listing"}
    pending, answers = [Answer], set()
    while pending:
        kind = pending.pop()
        answers.add(kind)
        pending += kind.__subclasses__()

    assert (
        set()
        == {
            kind.__name__
            for kind in answers
            if kind.__module__.startswith("commercive_cli.domain") and VIEWS.keys().isdisjoint(kind.__mro__)
        }
        - abstract
    )
