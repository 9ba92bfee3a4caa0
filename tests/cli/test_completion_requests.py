"""What may stand at the end of a line, and the lines in which a shell's script reads it."""

import pytest

from commercive_cli.cli.app import command
from commercive_cli.cli.completion_requests import Offers, answer, offers_for
from tests.cli.conftest import Run


def offered(line: str) -> set[str]:
    return {word for word, _ in offers_for(command(), f"commercive {line}").words}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ch", {"chat"}),
        ("chat rel", {"release"}),
        ("--profile x chat rel", {"release"}),
        ("chat list --stat", {"--status"}),
        ("chat list --status=o", {"open"}),
        ("leads list --status pend", {"pending"}),
        ("chat reply ID -- --te", set()),
    ],
)
def test_words_stand_where_they_belong(run: Run, line: str, words: set[str]) -> None:
    """Groups, commands, options and choices, also behind global options; behind `--` there is only text."""
    del run  # is what the settings lead to

    assert words == offered(line)


def test_files_are_offered_for_files_alone(run: Run) -> None:
    """The shell completes the names of files itself, where one belongs."""
    del run

    assert offers_for(command(), "commercive chat reply ID -F ").files
    assert not offers_for(command(), "commercive chat reply ").files


def test_each_shell_gets_what_it_reads() -> None:
    """A kind, then a word and its preview a line, cut to the width; bash splits at `=`, and has no room for help."""
    ids = Offers([("4c0e91aa", "kobe-tea, waiting 2d: " + "x" * 99)])
    values = Offers([("closed", "Which conversations.")], before="--status=", help=True)

    assert answer(Offers(files=True), "commercive tables import ", "zsh", 80) == "files\n"
    (kind, line) = answer(ids, "commercive chat reply ", "zsh", 40).splitlines()
    assert ("words", True, True) == (kind, line.startswith("4c0e91aa\tkobe-tea"), len(line) <= 40)
    assert "words\n--status=closed\tWhich conversations.\n" == answer(values, "commercive x --status=c", "fish", 80)
    assert "words\nclosed\t\n" == answer(values, "commercive x --status=c", "bash", 80)
