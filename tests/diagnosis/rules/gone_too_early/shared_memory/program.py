from multiprocessing import Process
from multiprocessing.shared_memory import SharedMemory


def show(block):
    print(bytes(block.buf[:4]).decode())


def main():
    block = SharedMemory(create=True, size=4)
    block.buf[:4] = b"done"
    worker = Process(target=show, args=(block,))
    # finds: removed_before_start differs forkserver spawn
    worker.start()
    block.unlink()
    worker.join()
    block.close()


if __name__ == "__main__":
    main()
