"""Which cells a run has, and in which environments."""
