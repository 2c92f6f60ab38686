"""The parent starts its resource tracker first, and the child has the same one."""

import os
from multiprocessing import Pipe, Process, resource_tracker
from multiprocessing.shared_memory import SharedMemory


def make_block(names, stderr):
    os.dup2(stderr.fileno(), 2)
    block = SharedMemory(create=True, size=16)
    block.buf[:5] = b"hello"
    names.send(block.name)
    block.close()


if __name__ == "__main__":
    resource_tracker.ensure_running()
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
