"""The agent: runs inside an environment, beside the program; standard library alone, Python 3.8+.

It is started with the folder that holds it on `sys.path` (as `agent`), in a container as on a host,
and imports nothing of startlab.
"""
