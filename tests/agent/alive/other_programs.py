# A pipeline of programs that are no Python.
import subprocess

assert subprocess.call(["sh", "-c", "(sleep 1.2; echo x) | cat | cat > /dev/null"]) == 0
