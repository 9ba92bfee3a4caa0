r"""Characters that a terminal obeys, or that nobody sees and that can hide, reorder or forge what stands beside them.

Control characters (C0, C1), bidirectional controls, zero-width characters and joiners, fillers and blanks, line and
paragraph separators, invisible format characters, tags, variation selectors, lone surrogates, noncharacters. Source:
Unicode, `Default_Ignorable_Code_Point` and the general categories Cc, Cf, Cs, Zl and Zp, but for the signs among them
that are seen in print; beside those, what has no ink though it counts as a letter or symbol.

A variation selector for text or emoji (U+FE0E, U+FE0F) directly behind a symbol that has both forms is none of them: it
changes how the symbol looks and can hold no message. Emoji that are joined by U+200D come apart.
"""

import re

_ALWAYS = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u2d7f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\ufdd0-\ufdef"
    "\U00016fe4\U0001107f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
) + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
_SYMBOL = "\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u27ff\u2801-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"

HIDDEN = re.compile(f"[^ -~](?<=[{_ALWAYS}\ufe0e\ufe0f])(?<![{_SYMBOL}][\ufe0e\ufe0f])")
"""Matches one such character. Most characters are none by the first range, which makes it ten times as fast."""
