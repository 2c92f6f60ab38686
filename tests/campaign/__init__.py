"""What may not break startlab: hostile programs, bad inputs, kills, full disks, dead engines.

`nox -s campaign` runs all of it: `python -m tests.campaign`. Where it can, it runs in a mount and a
pid namespace of its own, with its own /dev/shm, so that nothing which a program does reaches the
machine, and all that is left behind is seen.
"""
