"""A mode in which startlab and its tests run on Linux as if on Windows or macOS."""
