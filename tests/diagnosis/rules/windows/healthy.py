"""Do what often is done in Unix's way alone, as it works on every platform."""

# python: wine-3.12
import os
import socket
import subprocess
import sys
import tempfile
from multiprocessing import Pipe, Process
from multiprocessing.connection import wait
from pathlib import Path

SCRIPT = "print('helped')"


def archive(path):
    text = path.read_text("utf-8")
    path.with_suffix(".new").write_text(text + "✓", "utf-8")
    path.with_suffix(".new").replace(path)
    print("archived", path.name)


def answer(connection, results):
    with connection:
        connection.sendall(b"hello")
    results.send("answered")


def helped():
    helper = Path("helper.py")
    helper.write_text(SCRIPT, "utf-8")
    subprocess.run([sys.executable, str(helper)], check=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.txt"
        with report.open("w", encoding="utf-8") as file:
            file.write("all is well\n")
        child = Process(target=archive, args=(report,))
        child.start()
        child.join()
    with open(os.devnull, "w") as nowhere:
        print("noise", file=nowhere)
    ours, theirs = socket.socketpair()
    mine, its = Pipe(duplex=False)
    child = Process(target=answer, args=(theirs, its))
    child.start()
    for each in wait([mine]):
        print(each.recv())
    print(ours.recv(5).decode())
    child.join()
    ours.close()
    theirs.close()
    helped()
