"""Launch an application whose target is in a separate module, beside `__main__`."""

from __future__ import print_function

import os
import subprocess
import sys
import zipfile

TARGET = """\
from __future__ import print_function

def greet():
    print("hello from the child")
"""

APPLICATION = """\
from __future__ import print_function
import sys
from multiprocessing import Process
from greeting import greet

if __name__ == "__main__":
    process = Process(target=greet)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(process.exitcode)
"""

WAYS = {
    "package": ["-m", "greeter"],
    "command": ["-c", APPLICATION],
    "directory": ["greeter"],
    "archive": ["greeter.pyz"],
}


def install():
    os.mkdir("greeter")
    files = {"greeting.py": TARGET, "greeter/greeting.py": TARGET, "greeter/__main__.py": APPLICATION}
    for name in files:
        with open(name, "w") as file:
            file.write(files[name])
    open("greeter/__init__.py", "w").close()
    with zipfile.ZipFile("greeter.pyz", "w") as archive:
        archive.write("greeter/__main__.py", "__main__.py")
        archive.write("greeting.py")


if __name__ == "__main__":
    install()
    sys.exit(subprocess.call([sys.executable] + WAYS[sys.argv[1]]))
