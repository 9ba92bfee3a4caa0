"""What there is, is documented; what is documented, is there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from commercive_cli import settings
from commercive_cli.api.actions import ACTIONS
from commercive_cli.api.http.errors import STATUSES
from commercive_cli.cli import errors
from commercive_cli.cli.commands_document import EXIT_CODES
from commercive_cli.domain.errors import CommerciveError
from tests.cli.process import ROOT
from tests.cli.test_help import paths
from tests.cli.test_named_options import OPTIONS

PACKAGE = ROOT / "commercive_cli"
PAGES = [ROOT / "README.md", *sorted((ROOT / ".github").glob("*.md"))]
"""The README and the pages that it points to."""

TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
SPANS = re.findall(r"`([^`\n]+)`", TEXT)
CODE = "\n".join([*SPANS, *re.findall(r"^```\w*\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)])
"""What stands in code spans and blocks."""

OF_THE_TESTS = {"COMMERCIVE_TEST_SERVER", "COMMERCIVE_TEST_ENDPOINT", "COMMERCIVE_TEST_REQUIRE_SERVER"}


def parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def constants(*modules: Path) -> Iterator[str]:
    """Yield every text in these modules that is written in one piece."""
    for tree in map(parsed, modules):
        pieces = {id(piece) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for piece in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces:
                yield node.value


VARIABLES = {
    text
    for text in constants(*Path(settings.__file__).parent.glob("*.py"))
    if re.fullmatch(r"[A-Z]+(_[A-Z]+)*", text) and len(text) > 1
}
"""The names of environment variables: no other text of the settings is in capitals."""


@pytest.mark.parametrize("path", [path for path in paths() if len(path) >= 2], ids=" ".join)
def test_every_command_is_documented(path: tuple[str, ...]) -> None:
    """Each command stands in the README or on a page of its own, under the words that are typed."""
    assert re.search(rf"(^|[$] commercive |\| *)(commercive )?{' '.join(path)}\b", CODE, re.MULTILINE)


@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_every_environment_variable_is_documented(variable: str) -> None:
    """Whatever the settings read from the environment is explained."""
    assert re.search(rf"^\| .*`{variable}`", TEXT, re.MULTILINE)


def test_no_other_module_reads_the_environment() -> None:
    """The settings alone do, so that the list of variables is whole; shells have one of their own for completions."""
    others = [module for module in PACKAGE.rglob("*.py") if module.parent.name != "settings"]
    readers = {
        module.name
        for module in others
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv")
    }
    names = {text for text in constants(*others) if re.fullmatch(r"_?COMMERCIVE_[A-Z_]+", text)}

    assert {"__main__.py"} == readers
    assert {"_COMMERCIVE_COMPLETE"} == names - VARIABLES


def test_no_variable_is_documented_that_nothing_reads() -> None:
    """A name that was changed is changed on every page."""
    assert set() == set(re.findall(r"\bCOMMERCIVE_[A-Z_]+\b", TEXT)) - VARIABLES - OF_THE_TESTS


def test_no_command_or_option_is_documented_that_is_not_there() -> None:
    """Every `commercive GROUP COMMAND` and every option on these pages can be typed."""
    commands = {tuple(found.split()) for found in re.findall(r"\bcommercive ((?:[a-z]+ )?[a-z-]+)\b", CODE)}
    groups = {path[0] for path in paths() if len(path) >= 2}
    own = {"commercive", *(word for path in paths() for word in path)}
    lines = [line.removeprefix("$ ") for line in CODE.splitlines()]
    typed = [line for line in lines if line.startswith("--") or line.split(" ")[0] in own]
    options = {option for line in typed for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", line)}

    assert set() == {words for words in commands if words[0] in groups and len(words) == 2} - set(paths())
    assert set() == options - OPTIONS


@pytest.mark.parametrize("action", [action.name for action in ACTIONS])
def test_every_action_of_the_api_is_documented(action: str) -> None:
    """Each one's name stands on a page, with who may call it."""
    assert f"`{action}`" in TEXT


@pytest.mark.parametrize(("error", "status"), STATUSES.items())
def test_every_status_of_the_api_is_documented(error: type[CommerciveError], status: int) -> None:
    """Each HTTP status stands beside the code that comes with it."""
    assert f"{status} `{error.code}`" in " ".join(TEXT.split())


def test_every_exit_code_is_documented() -> None:
    """The README's table has each code that the program ends with, and no other."""
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("| exit code |")[2].partition("\n\n")[0]
    codes = {0, errors.BUG, errors.USAGE, errors.DIFFERS, errors.PARTIAL, errors.ANSWER_LOST, errors.INTERRUPTED}

    assert codes | set(errors.EXIT_CODES.values()) == set(map(int, re.findall(r"^\| (\d+) \|", table, re.MULTILINE)))


def named_paths() -> Iterator[str]:
    """Yield what looks like a path of these sources: a module, or something below one of our directories."""
    ours = {each.name for place in (ROOT, PACKAGE) for each in place.iterdir() if each.is_dir()}
    for span in SPANS:
        for word in span.split():
            if re.fullmatch(r"[\w.*-]+(/[\w.*-]+)*/?", word) and (
                word.endswith(".py") or ("/" in word and word.split("/")[0] in ours)
            ):
                yield word


@pytest.mark.parametrize("path", sorted(set(named_paths())))
def test_every_path_that_is_named_exists(path: str) -> None:
    """Where to look for what is said of this code: from the top, or from the package."""
    assert [*ROOT.glob(path), *PACKAGE.glob(path)]


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python3? -m ([\w.]+)", CODE)) - {"venv", "pytest"}))
def test_every_module_that_is_run_exists(module: str) -> None:
    """What is started with `python -m` is there."""
    place = ROOT / module.replace(".", "/")

    assert place.with_suffix(".py").exists() or (place / "__main__.py").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file of ours leads to one, and to a heading that it has."""
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        place, _, heading = target.partition("#")
        if "://" in target:
            continue
        found = (page.parent / place) if place else page
        titles = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
        assert not heading or heading in [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]


def test_commands_names_the_documented_exit_codes() -> None:
    """README's table of exit codes has the codes that `commercive commands` names, and no other."""
    page = PAGES[0].read_text(encoding="utf-8")

    assert set(EXIT_CODES) == {int(number) for number in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
