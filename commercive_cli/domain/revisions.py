"""The revision of a lead: a text that tells its state from every other one, and that no spreadsheet rewrites."""

import hashlib
import json
import re
from decimal import Decimal

from commercive_cli.domain.models import Lead

_LETTERS = "bcdfghjkmnpqrstvwxyz"
"""No vowel and no digit, so that a revision is no word, number, date, formula or cell."""

_LENGTH = 15
REVISION = re.compile(f"r[{_LETTERS}]{{{_LENGTH}}}")


def revision_of(lead: Lead) -> str:
    """Return the lead's revision; it changes with every attribute, whoever changed it, and with nothing else."""
    told = type(lead).model_fields.keys() - Lead.model_fields.keys()  # what an answer says of it beside what is stored
    content = json.dumps(lead.model_dump(exclude=told), sort_keys=True, default=_plain)
    number = int.from_bytes(hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest())
    letters = ""
    for _ in range(_LENGTH):
        number, place = divmod(number, len(_LETTERS))
        letters += _LETTERS[place]
    return f"r{letters}"


def _plain(value: object) -> str:
    """Return a number without the zeros that one engine keeps and another does not."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
