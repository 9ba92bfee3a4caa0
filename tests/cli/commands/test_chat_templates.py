"""Canned replies from the command line."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.process import run_on_terminal


@pytest.fixture
def conversation(store: Run, home: Path) -> str:
    """A conversation, and one canned reply beside the config file."""
    (home / "templates").mkdir()
    (home / "templates" / "shipped.txt").write_text("Order {{order}} has shipped, {{name}}.", encoding="utf-8")
    sent = store("chat", "send", "--user", "u", "--store-url", "s.com", "Where is it?", "-o", "json")
    found: str = sent.json["conversation_id"]
    return found


def test_a_canned_reply_goes_out_filled(store: Run, conversation: str) -> None:
    """--template sends the text with each variable's value."""
    ran = store("chat", "reply", conversation, "--template", "shipped", "--var", "order=#7", "--var", "name=Ana")
    shown = store("chat", "show", conversation, "-o", "json").json

    assert 0 == ran.code
    assert "Order #7 has shipped, Ana." == shown["messages"][-1]["message_text"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--template", "shipped", "--var", "order=#7"), "name"),
        (("--template", "shipped", "--var", "order"), "NAME=VALUE"),
        (("--template", "shiped", "--var", "order=1"), "shipped"),
        (("--template", "../config", "--var", "order=1"), "no template"),
        (("--template", "shipped", "text"), "exactly one"),
        (("text", "--var", "order=1"), "--template"),
    ],
)
def test_a_reply_that_cannot_be_filled_is_not_sent(
    store: Run, conversation: str, arguments: tuple[str, ...], told: str
) -> None:
    """An unfilled variable, an unknown template or a second source of text: exit code 2, and nothing is sent."""
    ran = store("chat", "reply", conversation, *arguments)
    shown = store("chat", "show", conversation, "-o", "json").json

    assert (2, 1) == (ran.code, ran.err.count("\n"))
    assert told in ran.err
    assert 1 == len(shown["messages"])


@pytest.fixture
def templates(conversation: str, home: Path) -> Path:
    """The directory of the canned replies, with a second one that is filled by the conversation alone."""
    del conversation  # made the directory
    (home / "templates" / "hello.txt").write_text("{{agent}} greets {{user_id}} of {{store_url}}\n", encoding="utf-8")
    return home / "templates"


def last_message(store: Run, conversation: str) -> str:
    return str(store("chat", "show", conversation, "-o", "json").json["messages"][-1]["message_text"])


def test_a_conversation_fills_its_canned_reply(store: Run, conversation: str, templates: Path) -> None:
    """`reply` and `render` fill alike; --var wins; `render` sends nothing."""
    del templates
    rendered = store("chat", "templates", "render", "hello", conversation[-8:])
    first = last_message(store, conversation)
    store("chat", "reply", conversation, "--template", "hello", "--var", "agent=Mira")

    assert "admin-1 greets u of s.com\n" == rendered.out
    assert "Where is it?" == first
    assert "Mira greets u of s.com" == last_message(store, conversation)


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("render hello", 2, "store_url"),
        ("render shipped ID", 2, "order"),
        ("render hello ID --var nmae=x", 2, "nmae"),
        ("render helo ID", 2, "did you mean hello?"),
        ("render hello 01a20ef0-3c9a-7b11-9d4e-5a1f4c0e91aa", 5, "no conversation"),
        ("show helo", 2, "did you mean hello?"),
        ("check helo", 2, "did you mean hello?"),
        ("edit hello", 2, "terminal"),
    ],
)
def test_what_cannot_be_filled_or_found_is_refused(
    store: Run, conversation: str, templates: Path, line: str, code: int, told: str
) -> None:
    """With the nearest name, or the variable that lacks a value; nothing is printed or made."""
    before = sorted(templates.iterdir())
    ran = store("chat", "templates", *[conversation if word == "ID" else word for word in line.split(" ")])

    assert (code, "") == (ran.code, ran.out)
    assert told in ran.err
    assert before == sorted(templates.iterdir())


def test_canned_replies_are_listed_and_shown(store: Run, templates: Path) -> None:
    """Names for scripts, variables and texts for people; one that cannot be read hides no other."""
    (templates / "odd.txt").write_bytes(b"\xff\xfe\x00")
    listed = store("chat", "templates", "list", "-o", "json").json["templates"]

    assert ["hello", "odd", "shipped"] == store("chat", "templates", "list", "-o", "ids").ids
    assert ["agent", "user_id", "store_url"] == listed[0]["variables"]
    assert "UTF-8" in listed[1]["problem"]
    assert "{{agent}} greets {{user_id}} of {{store_url}}\n" == store("chat", "templates", "show", "hello").out
    assert "hello" == store("chat", "templates", "show", "hello", "-o", "json").json["template"]


def test_check_names_unknown_variables_and_exits_3_for_mistakes(store: Run, templates: Path) -> None:
    """A variable that --var fills is named and no mistake; braces that are no variable are one."""
    sound = store("chat", "templates", "check", "-o", "json")
    (templates / "bad.txt").write_text("{{order-id}}", encoding="utf-8")
    wrong = store("chat", "templates", "check", "-o", "json")

    assert (0, [[], ["order", "name"]]) == (sound.code, [each["unknown"] for each in sound.json["templates"]])
    assert 3 == wrong.code
    assert "'{{order-id}}' is no variable" in wrong.json["templates"][0]["problem"]
    assert 0 == store("chat", "templates", "check", "hello").code


def test_the_text_is_shown_before_it_is_sent_from_a_terminal(store: Run, conversation: str, templates: Path) -> None:
    """No sends nothing, yes sends it, and --yes does not ask."""
    del templates
    line = ["chat", "reply", conversation, "--template", "hello"]
    refused = run_on_terminal(line, "n\n")
    before = last_message(store, conversation)
    agreed = run_on_terminal(line, "y\n")

    assert refused.screen.startswith("  admin-1 greets u of s.com\r\n")
    assert "Send this? [y/N]" in refused.screen
    assert (2, "Where is it?") == (refused.code, before)
    assert (0, "admin-1 greets u of s.com") == (agreed.code, last_message(store, conversation))
    assert "Send this?" not in run_on_terminal([*line, "--yes"]).screen


@pytest.mark.parametrize(
    ("name", "writes", "code", "told"),
    [
        ("new", "Hello {{order}}", 0, "--var fills order"),
        ("hello", "Other", 0, "hello.txt is saved"),
        ("new", "{{order-id}}", 3, "is no variable"),
        ("new", "", 3, "the text is empty"),
        ("../config", "x", 2, "no name of a template"),
        (".hidden", "x", 2, "no name of a template"),
    ],
)
def test_edit_opens_the_file_and_says_what_is_wrong(
    templates: Path, monkeypatch: pytest.MonkeyPatch, name: str, writes: str, code: int, told: str
) -> None:
    """A new canned reply is made by its name alone, and never outside of the directory."""
    monkeypatch.setenv("EDITOR", f"printf '%s' '{writes}' >")
    seen = run_on_terminal(["chat", "templates", "edit", name])

    assert code == seen.code
    assert told in seen.screen
    assert code == 2 or writes == (templates / f"{name}.txt").read_text(encoding="utf-8")


def test_an_editor_that_saves_nothing_makes_no_template(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`:q!` in a new one leaves nothing behind."""
    monkeypatch.setenv("EDITOR", "true")
    seen = run_on_terminal(["chat", "templates", "edit", "new"])

    assert (2, False) == (seen.code, (templates / "new.txt").exists())
