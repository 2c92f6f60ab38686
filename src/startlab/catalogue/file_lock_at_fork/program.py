"""A thread is writing to a file while a process is started that writes to it too."""

from __future__ import print_function

import io
import threading
from multiprocessing import Process

writing, go_on = threading.Event(), threading.Event()


class SlowDisk(io.FileIO):
    """A file on a slow disk: writing takes long when the reporter does it."""

    def write(self, data):
        if threading.current_thread().name == "reporter":
            writing.set()
            go_on.wait()
        return io.FileIO.write(self, data)


journal = io.BufferedWriter(SlowDisk("journal.txt", "a"))


def write_line(line):
    journal.write(line)
    journal.flush()


if __name__ == "__main__":
    thread = threading.Thread(target=write_line, args=(b"the thread's\n",), name="reporter")
    thread.start()
    writing.wait()
    process = Process(target=write_line, args=(b"the child's\n",))
    process.start()
    go_on.set()
    thread.join()
    process.join()
    with io.open("journal.txt") as written:
        print("".join(sorted(written)), end="")
    print("the child ended with exit code", process.exitcode)
