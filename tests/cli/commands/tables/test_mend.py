"""`commercive tables mend`, as operators use it."""

from contextlib import closing
from pathlib import Path

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.items import Item
from commercive_cli.store.schema import LEADS
from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run
from tests.cli.process import run_on_terminal
from tests.services.raw_data import rows


def leads_in(home: Path) -> list[Item]:
    """Read all leads of the file."""
    with closing(SQLiteStore(home / "store.db")) as file:
        return rows(file, LEADS)


def test_a_lead_is_set_right(store: Run, home: Path, lead: Make) -> None:
    """Texts and JSON go in as they are meant, numbers digit by digit; the audit finds nothing afterwards."""
    name = lead()
    with closing(SQLiteStore(home / "store.db")) as file:
        file.batch_put(LEADS, [{**rows(file, LEADS)[0], "lead_name": True, "extra": [1]}])
    found = store("tables", "audit", "-o", "json")
    line = (
        "--set",
        "lead_name=a=b",
        "--set",
        "status=approved",
        "--set",
        "commission_amount:=0.07",
        "--remove",
        "extra",
    )
    mended = store("tables", "mend", "leads", found.json["findings"][0]["id"], *line, "--yes", "-o", "json")
    again = store("tables", "mend", "leads", name, *line, "--yes")
    shown = store("leads", "show", name, "-o", "json").json

    assert (3, 0) == (found.code, mended.code)
    assert (True, ["lead_name", "status", "commission_amount", "extra"]) == (
        mended.json["changed"],
        mended.json["mended"],
    )
    assert "false" in again.out
    assert ("a=b", "approved", 0.07, 0.07) == (
        shown["lead"]["lead_name"],
        shown["lead"]["status"],
        shown["lead"]["commission_amount"],
        shown["stats"]["total_commission"],
    )
    assert "extra" not in leads_in(home)[0]
    assert 0 == store("tables", "audit").code
    assert ["mend"] == [row["event"] for row in store("leads", "history", name, "-o", "json").json["history"]]


def test_mending_can_be_rehearsed(store: Run, home: Path, lead: Make) -> None:
    """--dry-run asks nothing, shows the item's change and the audit row, and writes nothing."""
    name = lead()
    before = leads_in(home)
    ran = store("tables", "mend", "leads", name, "--set", "lead_name=Bea", "--dry-run", "-o", "json")

    assert (0, ["update", "put"]) == (ran.code, [each["action"] for each in ran.json["changes"]])
    assert before == leads_in(home)


def test_a_person_is_asked_first(home: Path, lead: Make) -> None:
    """On a terminal the question names the attributes, the item and the store; anything but y writes nothing."""
    name = lead()
    line = ["tables", "mend", "leads", name, "--set", "lead_name=Cid"]
    refused = run_on_terminal(line, "n\n", columns=300)
    before = leads_in(home)[0]["lead_name"]
    agreed = run_on_terminal(line, "y\n", columns=300)

    assert (2, 0) == (refused.code, agreed.code)
    assert f"Change lead_name of {name} in leads of sqlite {home}/store.db" in refused.screen
    assert "Ann Lee" == before
    assert "Cid" == leads_in(home)[0]["lead_name"]


def test_a_read_only_profile_changes_nothing(store: Run, home: Path, lead: Make) -> None:
    """It is refused without a question, exit 4."""
    name = lead()
    store("config", "set", "profiles.look.store", f"sqlite:///{home}/store.db")
    store("config", "set", "profiles.look.read_only", "true")
    ran = store("--profile", "look", "tables", "mend", "leads", name, "--set", "lead_name=Dan")

    assert (4, True) == (ran.code, "is read-only" in ran.err)
