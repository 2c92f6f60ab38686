# wide
import subprocess

print("ready", flush=True)
subprocess.run(["sleep", "120"])
