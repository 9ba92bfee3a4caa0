"""The hits of a search: for people a line each as they are found, cut around the hit, which is bold."""

from collections.abc import Iterable
from itertools import groupby
from unicodedata import combining

from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.moments import Moments
from commercive_cli.cli.render.short_ids import SHORTEST
from commercive_cli.cli.render.terminal import GAP
from commercive_cli.cli.render.views import VIEWS, View
from commercive_cli.domain.answers.search import Hit, Hits
from commercive_cli.domain.text import alike
from commercive_cli.services.chat.search import SearchCost

_ROOMY = 100
"""Columns from which names have more room."""
_NARROWEST_TEXT = 20
_HANGUL_VOWELS = ("\u1160", "\u11ff")
"""Vowels and finals, which join the letter before them."""
_FIRST_TO_GO = ("by", "turn", "when", "shop")
_SECOND, _MINUTE, _HOUR = 1_000, 60_000, 3_600_000


def cost_sentence(cost: SearchCost, moments: Moments, since: int | None) -> str:
    """Return what a search reads, and what that takes: `Reads about 18,310 messages of 1,204 conversations, ...`."""
    about, count = ("more than ", "more than ") if cost.more else ("about ", "")
    conversations = f"{count}{cost.conversations:,} conversation{'' if cost.conversations == 1 else 's'}"
    span = "" if since is None else f" since {moments.day(since)}"
    money = "" if cost.usd is None else f" and {max(cost.usd, cost.usd.__class__('0.01')):.2f} USD"
    notes = " and their notes" if cost.notes else ""
    read = f"Reads {about}{cost.messages:,} messages of {conversations}{notes}{span}"
    return f"{read}, about {_time(cost.milliseconds)}{money}"


def _time(milliseconds: int) -> str:
    for unit, name in ((_HOUR, "h"), (_MINUTE, "min")):
        if milliseconds >= 2 * unit:
            return f"{round(milliseconds / unit)} {name}"
    return f"{max(round(milliseconds / _SECOND), 1)} s"


def one_of_each(hits: Iterable[Hit]) -> Iterable[Hit]:
    """Yield the first hit of each conversation."""
    return (next(group) for _, group in groupby(hits, key=lambda hit: hit.conversation_id))


def draw_hits(display: Display, hits: Iterable[Hit], words: str) -> None:
    """Write each hit as soon as it is there, and in the end how many there were."""
    widths = _widths(display)
    found, conversations = 0, set[str]()
    for hit in hits:
        if not found:
            display.gap()
            display.line((_line(widths, {name: name for name in widths}) + "text", "quiet"))
        found += 1
        conversations.add(hit.conversation_id)
        display.meet("conversation", hit.conversation_id)
        _draw_hit(display, widths, hit, words)
    if found:
        places = "1 conversation" if len(conversations) == 1 else f"{len(conversations):,} conversations"
        display.sentence((f"{found:,} hit{'' if found == 1 else 's'} in {places}", "quiet"))
    else:
        display.sentence("No hits.")


def _widths(display: Display) -> dict[str, int]:
    """Return the widths of the columns before the text; as rows come one by one, they are the same for all."""
    roomy = display.width >= _ROOMY
    widths = {"id": SHORTEST, "shop": 20 if roomy else 12, "when": 12, "turn": 9, "by": 12 if roomy else 6}
    if display.ids.short(_A_UUID) == _A_UUID:
        widths["id"] = len(_A_UUID)
    for name in _FIRST_TO_GO:
        if display.width - sum(widths.values()) - GAP * len(widths) < _NARROWEST_TEXT:
            del widths[name]
    return widths


_A_UUID = "00000000-0000-7000-8000-000000000000"


def _line(widths: dict[str, int], cells: dict[str, str]) -> str:
    return "".join(
        (cells[name].rjust(width) if name == "turn" else cells[name].ljust(width)) + " " * GAP
        for name, width in widths.items()
    )


def _draw_hit(display: Display, widths: dict[str, int], hit: Hit, words: str) -> None:
    cells = {
        "id": display.id(hit.conversation_id),
        "shop": hit.store_url.removesuffix(".myshopify.com") or hit.user_id,
        "when": _when(display.moments, hit.created_at),
        "turn": f"{hit.turn:,} of {hit.turns:,}",
        "by": {"user": "user", "admin": hit.sender_id, "ai": "automatic"}.get(hit.sender_type, hit.sender_type),
    }
    line = display.text("")
    for name, width in widths.items():
        cell = display.text((cells[name], "quiet" if name in ("id", "when", "turn") else ""))
        if name in ("shop", "by"):
            cell.truncate(width, overflow="ellipsis")
        blank = display.text(" " * max(width - cell.cell_len, 0))
        line += (blank + cell if name == "turn" else cell + blank) + display.text(" " * GAP)
    room = max(display.width - line.cell_len, 1)
    before, found, after = around_hit(hit.message_text, words, room)
    shown = display.text(before, (found, "strong"), after)
    shown.truncate(room, overflow="ellipsis")
    display.write(line + shown)


def _when(moments: Moments, at: int) -> str:
    if moments.style not in (None, "local", "utc"):
        return moments.in_list(at)
    date = moments.day(at).partition(" ")[2]
    return date if date.count(" ") > 1 else f"{date} {moments.in_thread(at)}"


def _letters(text: str) -> list[str]:
    """Return a text in pieces that are compared as wholes: a character with the marks that belong to it."""
    pieces: list[str] = []
    for character in text:
        if pieces and (combining(character) or _HANGUL_VOWELS[0] <= character <= _HANGUL_VOWELS[1]):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def around_hit(message: str, words: str, room: int) -> tuple[str, str, str]:
    """Return a message in one line as what stands before the hit, the hit, and what stands behind it.

    Where all has no room in so many letters, a third of it is left to what stands before the hit, behind a `…`, or as
    much as what stands behind leaves. A hit that only shows when the whole text is composed is not told apart.
    """
    pieces = _letters(" ".join(message.split()))
    ends: list[int] = []
    folded = ""
    for piece in pieces:
        folded += alike(piece)
        ends.append(len(folded))
    needle = alike(" ".join(words.split()))
    start = folded.find(needle)
    if start < 0:
        return "".join(pieces), "", ""
    first = next(place for place, end in enumerate(ends) if end > start)
    last = next(place for place, end in enumerate(ends) if end >= start + len(needle))
    cut = max(first - max(room // 3, room - 1 - (len(pieces) - first)), 0) if len(pieces) > room else 0
    before = "".join(pieces[cut:first])
    return f"…{before.lstrip()}" if cut else before, "".join(pieces[first : last + 1]), "".join(pieces[last + 1 :])


VIEWS[Hits] = View(
    lambda answer: answer.hits,
    (
        Column("conversation_id", "id", title="id", names=True),
        Column("message_id", "id", wide=True),
        Column("created_at", "time", title="when"),
        Column("turn", "count"),
        Column("turns", "count", title="of"),
        Column("sender_type", title="from"),
        Column("sender_id", "id", title="who"),
        Column("store_url", "shop", title="shop"),
        Column("user_id", "id", wide=True),
        Column("message_text", "prose", title="message"),
    ),
)
