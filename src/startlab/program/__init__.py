"""The user's program: its command line, what is copied, what it needs."""
