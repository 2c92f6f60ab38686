"""Have each child start a helper script."""

# python: wine-3.12
import shutil
import subprocess
import sys
from multiprocessing import Process
from pathlib import Path


def help_with(number):
    subprocess.run([sys.executable, "helper.py", str(number)], check=True)


if __name__ == "__main__":
    Path("helper.py").write_text("import sys; print('helped with', sys.argv[1])", "utf-8")
    if shutil.which("no-such-command"):
        subprocess.run(["no-such-command"], check=True)
    child = Process(target=help_with, args=(1,))
    child.start()
    child.join()
