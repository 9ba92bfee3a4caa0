"""Files of others: everything that is wrong with them is said in one run, and chosen tables are taken alone."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid, Misconfigured
from commercive_cli.services.transfer.preview import ImportPreviewService
from commercive_cli.services.transfer.refusals import MOST_NAMED, RefusedLines
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, MESSAGES, OPS, Table
from tests.services.raw_data import everything, rows
from tests.services.transfer.stores import importer, rewrite
from tests.services.transfer.test_dynamodb_export import dynamodb_export

Run = Callable[[Store, Path], object]
RUNS: dict[str, Run] = {
    "import": lambda store, directory: importer(store).run(directory, "ops"),
    "rehearsal": lambda store, directory: ImportPreviewService(store).run(directory),
}


def with_attribute(line: bytes, name: str, value: Any) -> bytes:
    document = json.loads(line)
    document["Item"][name] = value
    return json.dumps(document).encode() + b"\n"


def damage(export: Path) -> dict[str, Path]:
    """Damage lines of three files in five ways, each file in agreement with the manifest."""
    late = {"N": "1750000000"}
    return {
        "leads": rewrite(
            export,
            "leads/0.jsonl",
            lambda lines: [
                b"{half\n",
                with_attribute(lines[1], "updated_at", late),
                with_attribute(lines[2], "updated_at", {"S": "yesterday"}),
                *lines[3:],
                lines[-1],
            ],
            signed=True,
        ),
        "more leads": rewrite(
            export,
            "leads/1.jsonl",
            lambda lines: [with_attribute(lines[0], "updated_at", late), *lines[1:]],
            signed=True,
        ),
        "messages": rewrite(
            export,
            "messages/0.jsonl",
            lambda lines: [*lines[:-1], lines[-1].replace(b'"message_text"', b'"text"')],
            signed=True,
        ),
    }


@pytest.mark.parametrize("run", RUNS)
def test_all_refused_lines_are_named_in_one_run(run: str, export: Path, target: Store) -> None:
    """By file and line with the reason, counted by table and kind; nothing is written, by an import either."""
    paths = damage(export)
    last_lead, last_message = (len(paths[name].read_bytes().splitlines()) for name in ("leads", "messages"))
    with pytest.raises(RefusedLines) as refused:
        RUNS[run](target, export)

    assert {
        f"{paths['leads']}, line 1",
        f"{paths['leads']}, line 2",
        f"{paths['leads']}, line 3",
        f"{paths['leads']}, line {last_lead}",
        f"{paths['more leads']}, line 1",
        f"{paths['messages']}, line {last_message}",
    } == {place.partition(": ")[0] for place in refused.value.places}
    assert (
        "6 lines are refused: 3 of leads for updated_at, 1 of leads for a key that comes twice, "
        "1 of leads for their form or size, 1 of messages for message_text; nothing was written"
    ) in refused.value.message
    assert not any(everything(target).values())


def test_a_hundred_lines_are_named_and_all_counted(target: Store, tmp_path: Path) -> None:
    """However many there are: memory does not grow with them."""
    count = 20_000
    few, many = tmp_path / "few", tmp_path / "many"
    dynamodb_export(few, LEADS, [{"lead_id": "0"}], files=1)
    dynamodb_export(many, LEADS, [{"lead_id": str(number)} for number in range(count)], files=1)
    peaks = []
    for export in (few, few, many):  # what a first run loads is of no line; Python 3.13 alone takes 4 MB to read gzip
        tracemalloc.start()
        with pytest.raises(RefusedLines) as refused:
            importer(target).run(export, "ops")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert MOST_NAMED == len(refused.value.places)
    assert f"{count:,} lines are refused, the first 100 are named: {count:,} of leads for " in refused.value.message
    assert peaks[2] - peaks[1] < 1_000_000


def test_lines_behind_one_without_end_keep_their_numbers(export: Path, target: Store) -> None:
    """What is left of a line that is too long is no line of its own."""
    path = rewrite(
        export,
        "leads/0.jsonl",
        lambda lines: [b"x" * 20_000_000 + b"\n", lines[1], b"?\n", *lines[3:]],
        signed=True,
    )
    with pytest.raises(RefusedLines) as refused:
        importer(target).run(export, "ops")

    assert [f"{path}, line 1", f"{path}, line 3"] == [place.partition(": ")[0] for place in refused.value.places]


def test_a_file_that_was_changed_is_named_beside_wrong_lines_of_others(export: Path, target: Store) -> None:
    """Its lines are sound, only they are not what was exported."""
    changed = rewrite(export, "leads/0.jsonl", lambda lines: lines[1:], signed=False)
    wrong = rewrite(export, "leads/1.jsonl", lambda lines: [b"?\n", *lines[1:]], signed=True)
    with pytest.raises(RefusedLines) as refused:
        importer(target).run(export, "ops")

    assert [str(changed), f"{wrong}, line 1:"] == [
        place.partition(" has ")[0].partition(" the ")[0] for place in refused.value.places
    ]


@pytest.fixture
def account(source: Store, tmp_path: Path) -> Path:
    """Return the exports of a whole account: of two tables of ours, and of two that are not."""
    for table, prefix in ((LEADS, "commercive_"), (MESSAGES, "commercive_chat_")):
        dynamodb_export(tmp_path / "account" / table.name, table, rows(source, table), prefix=prefix)
    for name in ("affiliate_orders", "user_preferences"):
        dynamodb_export(tmp_path / "account" / name, Table(name, OPS.partition), [{"pk": "x"}], prefix="commercive_")
    return tmp_path / "account"


def test_tables_that_are_not_ours_are_passed_by_when_others_are_chosen(
    account: Path, source: Store, target: Store
) -> None:
    """Only these are read, checked and imported; without a choice the first that is none of ours is refused."""
    broken = next((account / "user_preferences").rglob("*.json.gz"))
    broken.write_bytes(b"no gzip")
    with pytest.raises(Invalid, match=r"'commercive_affiliate_orders' is not one of ours, .*--only leaves others out"):
        importer(target).run(account, "ops")
    answer = importer(target).run(account, "ops", only=["messages", "commercive_leads"])

    assert rows(source, LEADS) == rows(target, LEADS)
    assert rows(source, MESSAGES) == rows(target, MESSAGES)
    assert {"messages", "leads"} == set(answer.stored)
    assert {"leads": len(rows(source, LEADS))} == ImportPreviewService(target).run(account, only=["leads"]).equal


def test_chosen_tables_of_our_own_export_are_taken_alone(export: Path, source: Store, target: Store) -> None:
    """What is wrong with the others is nobody's business then."""
    damage(export)
    answer = importer(target).run(export, "ops", only=["conversations"])

    assert everything(source)["conversations"] == everything(target)["conversations"]
    assert {"conversations": 30} == answer.stored
    assert [] == rows(target, LEADS)


@pytest.mark.parametrize(
    ("only", "told"),
    [
        ("leds", "--only 'leds' is unknown; did you mean leads"),
        ("affiliate_stats", "holds no export of affiliate_stats"),
    ],
)
def test_a_table_that_is_not_there_is_not_chosen(only: str, told: str, account: Path, target: Store) -> None:
    """A mistyped name suggests the nearest, and nothing is written."""
    with pytest.raises(Invalid, match=told):
        importer(target).run(account, "ops", only=["leads", only])

    assert not any(everything(target).values())


def test_only_the_chosen_tables_have_to_be_ours_in_the_store(account: Path, source: Store, target: Store) -> None:
    """Beside the one that says how far an import got; a foreign one that is chosen is refused."""
    target.delete_table(MESSAGES)
    target.create_table(Table("messages", MESSAGES.partition))
    with pytest.raises(Misconfigured, match="messages is not our table"):
        importer(target).import_files(account, only=["leads", "messages"])
    assert [] == rows(target, LEADS)
    done = importer(target).run(account, "ops", only=["leads"])

    assert rows(source, LEADS) == rows(target, LEADS)
    assert (len(rows(source, LEADS)), None) == (done.stored["leads"], done.audit)
