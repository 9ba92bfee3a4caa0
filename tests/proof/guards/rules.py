"""All rules by which guards are found."""

from collections.abc import Mapping

from tests.proof.guards.conditions import claims, conditions
from tests.proof.guards.entries import request_entries, table_entries
from tests.proof.guards.limits import limits
from tests.proof.guards.refusals import choices, refusals
from tests.proof.guards.sources import Rule
from tests.proof.guards.statements import statements

RULES: Mapping[str, Rule] = {
    "no condition of a write can be dropped": conditions,
    "no claim can be left out": claims,
    "no entry of an engine's tables can be dropped": table_entries,
    "nothing that a request says can be left out": request_entries,
    "no refusal of an engine or the store can be dropped": refusals,
    "no kind of failure can be taken for another": choices,
    "no limit lets one more through": limits,
    "no statement to SQLite can be left out": statements,
}
"""Each by what it is there to show."""
