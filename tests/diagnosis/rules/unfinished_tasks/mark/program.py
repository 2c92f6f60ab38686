from multiprocessing import JoinableQueue, Process


def consume(paths):
    while True:
        path = paths.get()
        if path is None:
            # finds: unfinished_tasks hang fork forkserver spawn
            break
        try:
            print(path)
        finally:
            paths.task_done()


if __name__ == "__main__":
    paths = JoinableQueue()
    consumer = Process(target=consume, args=(paths,))
    consumer.start()
    for path in ("a", "b", None):
        paths.put(path)
    paths.join()
    consumer.join()
