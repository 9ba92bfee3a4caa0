"""What arguments and options offer at a Tab, beyond their choices: ids with previews, profiles, replies, actions."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import typer

from commercive_cli.settings import environment

if TYPE_CHECKING:  # every command imports this module, so it loads what a Tab needs only then
    from commercive_cli.cli.known_ids import Known, KnownIds
    from commercive_cli.settings.resolve import Settings

Completer = Callable[[typer.Context, str], list[tuple[str, str]]]
Listing = Literal["waiting", "open", "closed", "conversations", "pending", "leads", "affiliates", "links"]
"""A list of records, in the order in which they are offered; `record_lookups.py` says which they are."""

OFFERED = 50
"""Ids that are offered at once."""


def offered_ids(kind: str, listing: Listing, *states: str) -> Completer:
    """Return what offers the records of a listing, then those that were shown here, in these states first."""

    def offered(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        from commercive_cli.cli.known_ids import KnownIds
        from commercive_cli.settings.resolve import ids_path

        settings = _settings(context)
        known_ids = KnownIds(ids_path(settings.store))
        shown = known_ids.read()
        listed = _listed(settings, known_ids, listing)
        latest = {each: what for each, what in reversed(shown.items()) if what.kind == kind}
        ordered = listed | {each: what for each, what in _states_first(latest, states) if each not in listed}
        offers = dict(islice(_beginning(incomplete, ordered, {*shown, *listed}), OFFERED))
        known_ids.remember({each: what for each, what in ordered.items() if each in offers and each not in shown})
        return [(word, _preview(ordered[each])) for each, word in offers.items()]

    return offered


def profile_names() -> list[str]:
    """Return the profiles of the config file, as far as it is right."""
    from commercive_cli.settings.config_file import examine
    from commercive_cli.settings.places import config_path

    return list(examine(config_path(environment())).config.profiles)


def amount_names() -> list[tuple[str, str]]:
    """Return the amounts of the config file, as far as it is right, by name."""
    from commercive_cli.settings.config_file import examine
    from commercive_cli.settings.places import config_path
    from commercive_cli.settings.resolve import named_amounts

    return [(name, f"{amount:.2f} USD") for name, amount in named_amounts(examine(config_path(environment()))).items()]


def template_names() -> list[str]:
    """Return the names of the canned replies."""
    from commercive_cli.settings.canned_replies import reply_names

    return reply_names(environment())


def action_names() -> list[tuple[str, str]]:
    """Return the actions of the API, with what they do."""
    from commercive_cli.api.actions import ACTIONS

    return [(action.name, action.summary) for action in ACTIONS]


def parameter_names(context: typer.Context) -> list[tuple[str, str]]:
    """Return `KEY=` for each parameter of the action that the line names; a dot leads into an object."""
    from commercive_cli.api.actions import BY_NAME

    return list(_keys(BY_NAME[context.params["action"]].params.model_json_schema(by_alias=False)))


def _settings(context: typer.Context) -> "Settings":
    from commercive_cli.settings.resolve import OPTIONS, load

    given = context.find_root().params
    return load(environment(), **{name: given.get(name) for name in OPTIONS})


def _listed(settings: "Settings", known_ids: "KnownIds", listing: Listing) -> dict[str, "Known"]:
    """Return the records of a listing, found quickly; none where who reads what is logged, which a Tab is not."""
    if settings.access_log is not None:
        return {}
    from commercive_cli.cli.quick_look_ups import looked_up

    def look() -> Mapping[str, "Known"]:
        from commercive_cli.cli.record_lookups import listed

        return listed(settings, listing, OFFERED)

    return looked_up(known_ids.of_listing(listing), look)


def _states_first(known: Mapping[str, "Known"], states: tuple[str, ...]) -> list[tuple[str, "Known"]]:
    """Return the records with those first whose label tells one of the states, as it was when they were shown."""
    return sorted(known.items(), key=lambda pair: not any(f", {state}" in pair[1].label for state in states))


def _beginning(incomplete: str, ordered: Iterable[str], all_known: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Yield the ids that begin as typed, each with the word for it: its short form, or the whole id."""
    from commercive_cli.cli.render.short_ids import ShortIds

    short = ShortIds()
    short.know(all_known)
    for each in ordered:
        word = next((form for form in (short.short(each), each) if form.startswith(incomplete)), None)
        if word is not None:
            yield each, word


def _preview(known: "Known") -> str:
    from commercive_cli.cli.known_ids import LABEL_LENGTH
    from commercive_cli.cli.render.moments import distance
    from commercive_cli.domain.clock import system_clock

    label = known.label + "…" * (len(known.label) == LABEL_LENGTH)
    if known.waiting_since is None:
        return label
    waiting = distance(max(system_clock() - known.waiting_since, 0))
    return label.replace(", open:", f", waiting {waiting}:", 1)


def _keys(schema: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    for name, told in schema["properties"].items():
        if "properties" in told:
            yield from _keys(told, f"{within}{name}.")
        elif told.get("maxLength") != 0:  # a field that is for robots
            yield f"{within}{name}=", told.get("description", "")
