import multiprocessing


def merge(lock, begun, more):
    with lock:
        begun.send(True)
        more.recv()


def main():
    with multiprocessing.Manager() as manager:
        lock = manager.Lock()
        begun, more = multiprocessing.Pipe()
        slow = multiprocessing.Process(target=merge, args=(lock, more, more))
        slow.start()
        begun.recv()
        slow.terminate()
        slow.join()
        # finds: holder_killed hang fork forkserver spawn
        with lock:
            print("merged")


if __name__ == "__main__":
    main()
