"""What programs write, as data."""
