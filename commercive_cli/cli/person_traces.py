"""What this machine keeps beside a store about a person who is erased: drafts of replies, and what they quote."""

from collections.abc import Iterator
from pathlib import Path

from commercive_cli.cli.drafts import Drafts
from commercive_cli.domain.errors import CommerciveError
from commercive_cli.domain.ids import usual_id
from commercive_cli.services.privacy.rules import Rules


def erase_traces(directory: Path, rules: Rules) -> list[str]:
    """Erase a person from the drafts of a store; return, in words, what cannot be changed.

    A draft to the person, or by them, goes whole: it holds what they wrote below the text. Of other drafts, what names
    them beyond doubt is replaced.
    """
    return list(_left(Drafts(directory), rules))


def _left(drafts: Drafts, rules: Rules) -> Iterator[str]:
    own = set(map(usual_id, rules.conversations))
    for draft in drafts.every():
        theirs = usual_id(draft.record.conversation_id) in own or rules.identifiers.identity.has_id(draft.record.actor)
        if not theirs and not rules.identifiers.mentioned_in(draft.words):
            continue
        if draft.is_open_elsewhere:
            yield f"draft {draft.path}, which an editor has open; close it, then the same again"
            continue
        try:
            if theirs:
                draft.remove()
            else:
                draft.change(rules.identifiers.without)
        except (OSError, CommerciveError) as error:
            yield f"draft {draft.path}, which cannot be changed: {error}"
