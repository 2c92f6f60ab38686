# wide
# verdict: outside
# outside: pipe
# who: process
# stdin: a pipe that the harness keeps open
import subprocess

print("ready", flush=True)
subprocess.run(["cat"])
