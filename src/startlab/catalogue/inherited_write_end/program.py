"""A process reads lines from a pipe until its end, and the parent closes the pipe."""

from __future__ import print_function

from multiprocessing import Pipe, Process


def count_lines(reader):
    lines = 0
    try:
        while True:
            reader.recv()
            lines += 1
    except EOFError:
        print("the child has read", lines, "lines")


if __name__ == "__main__":
    reader, writer = Pipe(duplex=False)
    process = Process(target=count_lines, args=(reader,))
    process.start()
    reader.close()
    writer.send("the first line")
    writer.send("the last line")
    writer.close()  # the end of the file, if no other process can write to it
    process.join()
    print("the child ended with exit code", process.exitcode)
