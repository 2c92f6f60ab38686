"""The user's program: how it is named, what is copied, what it needs."""
