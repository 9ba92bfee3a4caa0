"""Property tests of the rules use the same examples in every run and have no time limit."""

from hypothesis import settings

settings.register_profile("commercive", deadline=None, derandomize=True, database=None)
settings.load_profile("commercive")
