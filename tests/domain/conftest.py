"""Property tests of the rules: the same examples in every run, however slow the machine."""

from hypothesis import settings

settings.register_profile("commercive", deadline=None, derandomize=True, database=None)
settings.load_profile("commercive")
