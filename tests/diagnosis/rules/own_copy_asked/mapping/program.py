import mmap
import time
from multiprocessing import Process

# finds: own_memory_asked hang forkserver spawn
PAGE = mmap.mmap(-1, 4096)


def fill(text):
    PAGE[1 : 1 + len(text)] = text
    PAGE[0] = len(text)


def main():
    writer = Process(target=fill, args=(b"first",))
    writer.start()
    while not PAGE[0]:
        time.sleep(0.005)
    print(PAGE[1 : 1 + PAGE[0]].decode())
    writer.join()


if __name__ == "__main__":
    main()
