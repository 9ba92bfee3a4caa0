"""Generated conversations and affiliates, the same for the same plan, in which every invariant holds."""
