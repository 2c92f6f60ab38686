"""An unrelated program attaches to a block of shared memory, and ends."""

import subprocess
import sys
from multiprocessing.shared_memory import SharedMemory

READER = """
import sys
from multiprocessing.shared_memory import SharedMemory
block = SharedMemory(sys.argv[1])
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
