"""`python -m startlab` is `startlab`."""

from startlab.cli import main

main()
