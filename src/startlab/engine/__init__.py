"""Driving a run: which trial is next, and where."""
