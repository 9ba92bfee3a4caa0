"""Who calls: access tokens, the keys that verify them, and what each caller may do."""
