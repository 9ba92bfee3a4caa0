"""The file that the user's editor gets: the text, a line that cuts, and the last turns of the thread below it."""

from itertools import islice

from commercive_cli.cli.render.escape import escape, escape_lines
from commercive_cli.cli.render.moments import Moments
from commercive_cli.domain.answers.threads import Thread

SCISSORS = "-------- >8 ---- keep this line: it and all below are cut off ---- >8 --------"
QUOTED_LINES = 30
_NO_MODELINES = "\n" * 5


def quotes_of(thread: Thread, actor: str, moments: Moments) -> str:
    """Return what stands below the cut-off line: to whom the text goes, and the last turns of the thread.

    Nothing that a user wrote is in the first or last five lines, where vim obeys what it reads ("modelines").
    """
    from commercive_cli.cli.render.terminal import shop_name  # imported late, as most replies need no editor

    to = escape(f"To {shop_name(thread.conversation)}, as {actor}.")
    turns = "".join(_turns(thread, moments))
    return f"Save and quit sends; an empty text sends nothing.\n\n{to}\n{turns}{_NO_MODELINES}"


def with_quotes(text: str, quotes: str) -> str:
    """Return the content of the file for the editor."""
    return f"{text.strip()}\n\n{SCISSORS}\n{quotes}"


def cut(content: str) -> str | None:
    """Return the text above the cut-off line, None when that line is gone."""
    above, line, _ = f"\n{content}\n".partition(f"\n{SCISSORS}\n")
    return above.strip() if line else None


def without_quotes(content: str, quotes: str) -> str:
    """Return the text of a file that an editor may have left: without line and quotes, as far as they are known."""
    text = cut(content)
    if text is None:
        return content.strip().removesuffix(quotes.strip()).strip()
    return text


def _turns(thread: Thread, moments: Moments) -> list[str]:
    """Return the last turns, newest last, of at most 30 lines of text."""
    from commercive_cli.cli.render.thread import speaker

    turns: list[str] = []
    left = QUOTED_LINES
    for message in reversed(thread.messages):
        if left <= 0:
            break
        lines = escape_lines(message.message_text).split("\n")
        shown = [*islice(lines, left)]
        if len(lines) > len(shown):
            shown.append(f"… ({len(lines) - len(shown)} more lines)")
        quoted = "\n".join(f"> {line}".rstrip() for line in shown)
        head = f"{moments.exact(message.created_at)}  {escape(speaker(thread.conversation, message))}"
        turns.append(f"\n{head}\n{quoted}\n")
        left -= len(shown)
    return turns[::-1]
