"""Driving a run: which trial runs next, and where."""
