"""Made-up data that looks like support traffic and affiliate sales, the same for the same plan, with true books."""
