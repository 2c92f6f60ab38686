"""A project whose suite has failures that depend on the start method, planted."""
