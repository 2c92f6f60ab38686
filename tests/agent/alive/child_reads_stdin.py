# stdin
# A process outside types; a child that is no Python reads it.
import subprocess

assert subprocess.check_output(["cat"]) == b"something\n"
