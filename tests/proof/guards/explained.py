"""Guards that no test can miss, and why they stay all the same: each by its file, its function and its text.

One that a test misses after all, or that is in the code no longer, is told, and is to be taken out of here.
"""

from collections.abc import Mapping

EXPLAINED: Mapping[str, str] = {
    "store/limits.py _number_bytes LARGEST_KEY_NUMBER (one more is let through)": (
        "no limit: up to where the size of a whole number is computed the fast way, which comes to the same"
    ),
}
