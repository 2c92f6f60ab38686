"""A frame is made in a child and read by the parent after the child has ended."""
import sys
from multiprocessing import Process, Queue, shared_memory


def camera(out):
    frame = shared_memory.SharedMemory(create=True, size=64)
    frame.buf[:5] = b"frame"
    out.put(frame.name)
    frame.close()


def main():
    out = Queue()
    process = Process(target=camera, args=(out,))
    process.start()
    name = out.get()
    process.join()
    frame = shared_memory.SharedMemory(name=name)
    print(bytes(frame.buf[:5]).decode())
    frame.close()
    frame.unlink()


if __name__ == "__main__":
    main()
