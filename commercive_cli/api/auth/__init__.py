"""Authentication: access tokens, the keys that verify them, and the permissions of each caller."""
