"""What a program's source says."""
