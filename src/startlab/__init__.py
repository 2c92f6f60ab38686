"""Run a multiprocessing program under every start method, on every Python, and see what happens."""

__version__ = "0.1.0"
