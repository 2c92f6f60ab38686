"""A process makes a block of shared memory for its parent, and ends."""

import os
from multiprocessing import Pipe, Process
from multiprocessing.shared_memory import SharedMemory


def make_block(names, stderr):
    os.dup2(stderr.fileno(), 2)
    block = SharedMemory(create=True, size=16)
    block.buf[:5] = b"hello"
    names.send(block.name)
    block.close()


if __name__ == "__main__":
    names, for_name = Pipe(duplex=False)
    stderr, for_stderr = Pipe(duplex=False)
    process = Process(target=make_block, args=(for_name, for_stderr))
    process.start()
    for_stderr.close()
    process.join()
    # The child's stderr ends when the child has ended, and every helper that it has started.
    with open(stderr.fileno(), "rb", closefd=False) as output:
        output.read()
    block = SharedMemory(names.recv())
    print("the child has left", bytes(block.buf[:5]).decode())
    block.close()
    block.unlink()
