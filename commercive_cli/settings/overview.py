"""Every setting of a run, where its value comes from and what is wrong with it: a mistake hides no other setting."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from commercive_cli.settings.config_check import mistakes_of
from commercive_cli.settings.config_file import Contents, Mistake, examine
from commercive_cli.settings.places import CONFIG, config_path
from commercive_cli.settings.readers import READERS
from commercive_cli.settings.resolve import BUILT_IN, NAMES, OS_USER, VARIABLES, Finder, named_amounts
from commercive_cli.settings.secret_values import SECRETS


@dataclass(frozen=True)
class Shown:
    """A setting with its value as text, without secrets; `problem` says what is wrong with it."""

    setting: str
    value: str
    source: str
    problem: str | None = None


def overview(environ: Mapping[str, str], given: Mapping[str, str | None]) -> list[Shown]:
    """Return the settings of this run, further mistakes in the config file, and the API's settings that are set.

    `given` are the values of options, by setting.
    """
    path = config_path(environ)
    contents = examine(path)
    wrong = {mistake.keys: mistake for mistake in mistakes_of(contents)}
    of_file = wrong.pop((), None)
    finder = Finder(environ, contents, given)
    return [
        Shown(
            "config", str(path), "file" if path.exists() else "no file yet", contents.told(of_file) if of_file else None
        ),
        *[_setting(finder, name, wrong) for name in NAMES],
        *_amounts(finder.contents, wrong),
        *_business_hours(finder.contents, wrong),
        *_retention(finder.contents, wrong),
        *[_mistaken(".".join(keys), mistake, finder) for keys, mistake in wrong.items()],
        *_api(environ),
    ]


def _setting(finder: Finder, name: str, wrong: dict[tuple[str, ...], Mistake]) -> Shown:
    """Return one setting; a mistake in the config file that is about it is taken out of `wrong`."""
    value, source = finder.find(name)
    keys = finder.keys(name)
    if source in (BUILT_IN, OS_USER, finder.contents.place(keys)) and keys in wrong:
        return _mistaken(name, wrong.pop(keys), finder)
    problem = finder.problem(name)
    if problem is None and name in READERS and value is not None:
        value = READERS[name](value, source)
    return Shown(name, _text(value, problem), source, problem)


def _amounts(contents: Contents, wrong: dict[tuple[str, ...], Mistake]) -> Iterator[Shown]:
    """Yield the amounts that have names; what is wrong with one is a row of its own."""
    for name, amount in named_amounts(contents).items():
        if (keys := ("commission", name)) not in wrong:
            yield Shown(".".join(keys), f"{amount:.2f}", contents.place(keys))


def _business_hours(contents: Contents, wrong: dict[tuple[str, ...], Mistake]) -> Iterator[Shown]:
    """Yield the business hours in words, if there are any; what is wrong with them is a row of its own."""
    table = contents.config.business_hours
    if table is None or any(keys[0] == "business_hours" for keys in wrong):
        return
    from commercive_cli.settings.business_hours import read_business_hours  # imported late, since few have any

    yield Shown("business_hours", str(read_business_hours(table)), contents.place(("business_hours",)))


def _retention(contents: Contents, wrong: dict[tuple[str, ...], Mistake]) -> Iterator[Shown]:
    """Yield for how long closed conversations are kept, if that is set; what is wrong with it is a row of its own."""
    table, keys = contents.config.retention, ("retention", "closed_conversations")
    if table is not None and table.closed_conversations is not None and keys not in wrong:
        yield Shown(".".join(keys), table.closed_conversations, contents.place(keys))


def _mistaken(setting: str, mistake: Mistake, finder: Finder) -> Shown:
    return Shown(setting, _text(mistake.value, mistake.problem), finder.contents.place(mistake.keys), mistake.problem)


def _text(value: Any, problem: str | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return _hidden(text) if problem and "://" in text else text


def _hidden(text: str) -> str:
    """Return what is shown of a secret, or of a malformed URL, which may hold one."""
    return f"set, {len(text)} characters"


def _api(environ: Mapping[str, str]) -> Iterator[Shown]:
    if not any(name.startswith("COMMERCIVE_") for name in environ.keys() - {CONFIG, *VARIABLES.values()}):
        return
    from commercive_cli.settings.api_variables import api_problems, api_variables  # imported late: few have any

    given = {name: environ[name] for name in api_variables() if environ.get(name)}
    problems = api_problems(given)
    for name, value in given.items():
        text = _hidden(value) if name in SECRETS else _text(value, problems.get(name))
        yield Shown(name.removeprefix("COMMERCIVE_").lower(), text, name, problems.get(name))
