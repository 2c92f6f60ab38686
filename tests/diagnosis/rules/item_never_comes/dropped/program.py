import contextlib
import queue
from multiprocessing import Process, Queue, Semaphore


def decode(chunks, full):
    chunks.put(b"intro")
    with contextlib.suppress(queue.Full):
        # finds: item_dropped hang fork forkserver spawn
        chunks.put_nowait(None)
    full.release()


def play(chunks, full):
    full.acquire()
    while (chunk := chunks.get()) is not None:
        print(len(chunk))


if __name__ == "__main__":
    chunks, full = Queue(maxsize=1), Semaphore(0)
    decoder = Process(target=decode, args=(chunks, full))
    decoder.start()
    play(chunks, full)
    decoder.join()
