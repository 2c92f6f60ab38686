"""Launch a small application in one of the ways that Python offers; it starts a process."""

from __future__ import print_function

import os
import subprocess
import sys
import zipfile

APPLICATION = """\
from __future__ import print_function
import sys
from multiprocessing import Process

def greet():
    print("hello from the child")

if __name__ == "__main__":
    process = Process(target=greet)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(process.exitcode)
"""

WAYS = {
    "module": ["-m", "greeting"],
    "package": ["-m", "greeter"],
    "command": ["-c", APPLICATION],
    "directory": ["greeter"],
    "archive": ["greeter.pyz"],
    "stdin": ["-"],
}


def install():
    os.mkdir("greeter")
    for name in ("greeting.py", "greeter/__main__.py"):
        with open(name, "w") as file:
            file.write(APPLICATION)
    open("greeter/__init__.py", "w").close()
    with zipfile.ZipFile("greeter.pyz", "w") as archive:
        archive.write("greeter/__main__.py", "__main__.py")


if __name__ == "__main__":
    install()
    with open("greeting.py") as stdin:
        sys.exit(subprocess.call([sys.executable] + WAYS[sys.argv[1]], stdin=stdin))
