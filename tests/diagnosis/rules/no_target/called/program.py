import multiprocessing


def work(tasks):
    for task in iter(tasks.get, None):
        print(task)


if __name__ == "__main__":
    tasks = multiprocessing.Queue()
    # finds: target_called hang fork forkserver spawn
    worker = multiprocessing.Process(target=work(tasks))
    worker.start()
    tasks.put("a task")
    tasks.put(None)
    worker.join()
