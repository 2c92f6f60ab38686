# A child started through vfork(2) or posix_spawn(3).
import subprocess

subprocess.check_call(["sleep", "1.2"])
