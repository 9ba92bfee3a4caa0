"""Request keys, `--as-of` and `--up-to` on the command line."""

import json

import pytest

from commercive_cli.cli.groups import load_group
from tests.api.postgrest import NEW_KEY, postgrest
from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run
from tests.cli.render.csv_reading import read_rows


def status_of(store: Run, conversation: str) -> str:
    return str(store("chat", "show", conversation, "-o", "json").json["conversation"]["status"])


@pytest.mark.parametrize("group", ["chat", "leads", "affiliates"])
def test_every_command_that_writes_takes_a_key(group: str) -> None:
    """Whatever can be rehearsed can be repeated harmlessly."""
    options = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in load_group(group).commands.items()
    }
    writing = {name for name, taken in options.items() if "--dry-run" in taken}

    assert len(writing) >= 3
    assert set() == {name for name in writing if "--key" not in options[name]}


@pytest.mark.parametrize("many", [False, True])
def test_a_repeated_line_with_a_key_undoes_nothing(store: Run, conversation: Make, many: bool) -> None:
    """Of one id or of many, each of which has a key of its own: the first report comes again."""
    ids = [conversation() for _ in range(3 if many else 1)]
    line = ("chat", "close", *ids, "--key", "k", "-o", "json")
    first = store(*line)
    store("chat", "reopen", *ids)
    again = store(*line)

    assert (0, first.json) == (again.code, again.json)
    assert ["open"] * len(ids) == [status_of(store, each) for each in ids]


def test_many_ids_on_stdin_have_a_key_each(store: Run, lead: Make) -> None:
    """A key goes for each of them, so the second half of a line that was interrupted is still done."""
    ids = [lead() for _ in range(2)]
    approve = ("leads", "approve", "-", "--commission", "5", "--key", "k" * 128, "-o", "json")
    store(*approve, stdin=ids[0])
    store("leads", "reset", ids[0])
    ran = store(*approve, stdin="\n".join(ids))

    assert [True, True] == [each["result"]["changed"] for each in ran.json["results"]]
    assert ["pending", "approved"] == [
        store("leads", "show", each, "-o", "json").json["lead"]["status"] for each in ids
    ]


def test_a_rule_has_a_key_for_each_conversation(store: Run, conversation: Make) -> None:
    """`close --idle` may find others the next time; whatever it closed with this key stays as it is."""
    one = conversation()
    line = ("chat", "close", "--idle", "0s", "--key", "k", "-o", "json")
    assert [one] == [each["id"] for each in store(*line).json["results"]]
    store("chat", "reopen", one)
    store(*line)

    assert "open" == status_of(store, one)


def test_a_recount_of_all_takes_a_key(store: Run) -> None:
    """One that is no key is refused before anything is read."""
    store("affiliates", "create-link", "aff-1", "--email", "a@example.com")

    assert 2 == store("affiliates", "recompute", "--all", "--key", " ").code
    assert 1 == store("affiliates", "recompute", "--all", "--key", "k", "-o", "json").json["checked"]


@pytest.mark.parametrize("key", ["k" * 129, " "])
@pytest.mark.parametrize("ids", [1, 2])
def test_a_key_that_is_none_is_refused_before_anything_is_done(
    store: Run, conversation: Make, key: str, ids: int
) -> None:
    """Exit code 2, for one id and for many."""
    names = [conversation() for _ in range(ids)]

    assert 2 == store("chat", "close", *names, "--key", key).code
    assert ["open"] * ids == [status_of(store, each) for each in names]


def test_what_changed_since_it_was_seen_is_left_alone(store: Run, conversation: Make, lead: Make) -> None:
    """`--as-of` takes updated_at as any output shows it, RFC 3339 or milliseconds: exit code 6 when it is another."""
    one, prospect = conversation(), lead()
    seen = store("chat", "show", one, "-o", "json").json["conversation"]["updated_at"]
    updated = dict(zip(*read_rows(store("leads", "list", "-o", "csv").out), strict=True))["updated_at"]
    store("chat", "send", "--user", "u-1", "--conversation", one, "wait")

    assert 6 == store("chat", "close", one, "--as-of", str(seen)).code
    assert "open" == status_of(store, one)
    assert 0 == store("leads", "approve", prospect, "--commission", "5", "--as-of", updated).code
    assert 6 == store("leads", "reject", prospect, "--amend", "--as-of", updated).code


@pytest.mark.parametrize(
    "line",
    [
        "chat close a b --as-of 1793525400123",
        "chat close - --as-of 1793525400123",
        "chat close --idle 7d --as-of 1793525400123",
        "chat close a --as-of 7d",
        "chat close a --as-of soon",
        "chat mark-read a b --up-to m",
        "leads approve a b --commission 5 --as-of 1793525400123",
        "leads reject a b --as-of 1793525400123",
    ],
)
def test_what_makes_no_sense_is_refused(store: Run, line: str) -> None:
    """What was seen is said of one record, as a time that some answer showed; exit code 2."""
    ran = store(*line.split())

    assert (2, 1) == (ran.code, ran.err.count("\n"))


def test_nothing_is_marked_read_behind_what_was_seen(store: Run, conversation: Make) -> None:
    """`--up-to` names the last message that was seen."""
    one = conversation()
    store("chat", "send", "--user", "u-1", "--conversation", one, "later")
    messages = store("chat", "show", one, "-o", "json").json["messages"]
    mark = ("chat", "mark-read", one, "-o", "json", "--up-to")

    assert 1 == store(*mark, messages[0]["message_id"]).json["marked"]
    assert 5 == store(*mark, "no-such").code
    assert 1 == store(*mark, messages[1]["message_id"]).json["marked"]


def test_a_rehearsal_shows_the_key_and_claims_none(store: Run, conversation: Make) -> None:
    """--dry-run shows the claim among the changes; a recount that finds all right does not count it as a difference."""
    one = conversation()
    store("affiliates", "create-link", "aff-1", "--email", "a@example.com")
    planned = store("chat", "close", one, "--key", "k", "--dry-run", "-o", "json").out

    assert "request#chat/close#admin-1" in planned
    assert store("chat", "close", one, "--key", "k", "-o", "json").json["changed"]
    assert 0 == store("affiliates", "recompute", "aff-1", "--key", "k", "--dry-run").code


def test_a_repeated_sync_shows_no_older_link_again(store: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody set in Supabase since stays, for one affiliate and for all."""
    with postgrest() as supabase:
        monkeypatch.setenv("COMMERCIVE_SUPABASE_URL", supabase.url)
        monkeypatch.setenv("COMMERCIVE_SUPABASE_KEY", NEW_KEY)
        row = supabase.add("user-1", "aff-1")
        store("affiliates", "create-link", "aff-1", "--email", "a@example.com")
        for which in (("aff-1",), ()):
            line = ("affiliates", "sync", *which, "--key", "k", "-o", "json")
            first = store(*line).json
            row["form_url"] = "https://newer.example"

            assert json.dumps(first) == json.dumps(store(*line).json)
            assert "https://newer.example" == row["form_url"]
