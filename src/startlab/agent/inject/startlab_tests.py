"""The plugin of a pytest that startlab runs, which is startlab_suite.py. PYTEST_DONT_REWRITE

pytest itself compiles what `-p` names, in each process; what that imports has its bytecode. Python 3.
"""

from startlab_suite import *  # noqa: F403 - the hooks
