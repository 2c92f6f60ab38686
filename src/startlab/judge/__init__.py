"""From an observation to an outcome."""
