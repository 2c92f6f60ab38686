# wide
# verdict: outside
# outside: pipe
# who: the program
# stdin: a pipe that the harness keeps open
import sys

print("ready", flush=True)
sys.stdin.readline()  # here
