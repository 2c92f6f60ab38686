"""The program that only reads the block keeps it out of its resource tracker."""

import subprocess
import sys
from multiprocessing.shared_memory import SharedMemory

READER = """
import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
if sys.version_info >= (3, 13):
    block = SharedMemory(sys.argv[1], track=False)
else:
    block = SharedMemory(sys.argv[1])
    resource_tracker.unregister("/" + block.name, "shared_memory")
print("the reader sees", bytes(block.buf[:5]).decode())
block.close()
"""

if __name__ == "__main__":
    block = SharedMemory(create=True, size=16)
    block.buf[:5] = b"hello"
    # The output ends when the reader has ended, and all helpers that it has started.
    command = [sys.executable, "-c", READER, block.name]
    reader = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    print(reader.stdout.decode(), end="")
    again = SharedMemory(block.name)
    print("the program sees", bytes(again.buf[:5]).decode())
    again.close()
    block.close()
    block.unlink()
