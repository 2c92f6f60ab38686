import multiprocessing


def read(queue, read_one, stop):
    queue.get()
    read_one.set()
    stop.wait()


if __name__ == "__main__":
    queue = multiprocessing.Queue()
    read_one, stop = multiprocessing.Event(), multiprocessing.Event()
    reader = multiprocessing.Process(target=read, args=(queue, read_one, stop))
    reader.start()
    for _ in range(100):
        queue.put(b"x" * 10_000)
    read_one.wait()
    queue.close()
    # finds: never_read hang fork forkserver spawn
    queue.join_thread()
    stop.set()
    reader.join()
