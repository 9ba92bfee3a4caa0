"""All mistakes of a config file: of its form, and of the values in every profile, used by this run or not."""

from collections.abc import Iterator
from decimal import Decimal

from commercive_cli.domain.commissions import AMOUNT_NAME, LIMITS
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.settings.config_file import BUSINESS_HOURS, Contents, Mistake
from commercive_cli.settings.readers import READERS


def mistakes_of(contents: Contents) -> list[Mistake]:
    """Return every mistake in the file, those of its form first."""
    checks = (_default_profile, _values, _commission, _business_hours, _retention)
    return [*contents.mistakes, *(mistake for check in checks for mistake in check(contents))]


def refuse_mistakes(contents: Contents) -> None:
    """Raise Invalid for the first mistake in the file, if there is one."""
    for mistake in mistakes_of(contents):
        raise Invalid(contents.told(mistake))


def _default_profile(contents: Contents) -> Iterator[Mistake]:
    name = contents.config.default_profile
    if name is not None and name not in contents.config.profiles:
        yield Mistake(f"default_profile: {contents.no_profile(name)}", ("default_profile",), name)


def _values(contents: Contents) -> Iterator[Mistake]:
    for name, profile in contents.config.profiles.items():
        for setting, read in READERS.items():
            keys = ("profiles", name, setting)
            value = getattr(profile, setting, None)
            if value is None:
                continue
            try:
                read(value, ".".join(map(shortened, keys)))
            except Invalid as refusal:
                yield Mistake(refusal.message, keys, value)


def _commission(contents: Contents) -> Iterator[Mistake]:
    amounts = contents.config.commission
    for name, amount in amounts.items():
        if not AMOUNT_NAME.fullmatch(name):
            problem = f"{quoted(name)} is no name of an amount: a letter, then letters, digits, _ and -, 64 at most"
            yield Mistake(problem, ("commission", name), amount)
    least, most = (amounts.get(name) for name in LIMITS)
    if least is not None and most is not None and Decimal(least) > Decimal(most):
        yield Mistake(f"commission.max {most} is below commission.min {least}", ("commission", "max"), most)


def _business_hours(contents: Contents) -> Iterator[Mistake]:
    table = contents.config.business_hours
    if table is None:
        return
    from commercive_cli.settings.business_hours import read_business_hours  # imported late, since few have any

    try:
        read_business_hours(table)
    except Invalid as refusal:
        keys = tuple((refusal.field or "").split("."))
        yield Mistake(refusal.message, keys, getattr(table, BUSINESS_HOURS[keys[-1]]))


def _retention(contents: Contents) -> Iterator[Mistake]:
    table = contents.config.retention
    if table is None:
        return
    from commercive_cli.settings.retention import KEY, read_retention  # imported late, since few have any

    try:
        read_retention(table)
    except Invalid as refusal:
        yield Mistake(refusal.message, tuple(KEY.split(".")), table.closed_conversations)
