"""The roles that a text can have on a screen."""

from typing import Literal

Role = Literal["", "attention", "good", "bad", "quiet", "strong"]
"""What a text is, beside what it says. No role is the only bearer of a meaning."""
