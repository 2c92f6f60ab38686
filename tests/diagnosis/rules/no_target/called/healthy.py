import multiprocessing


def work(tasks):
    for task in iter(tasks.get, None):
        print(task)


if __name__ == "__main__":
    tasks = multiprocessing.Queue()
    worker = multiprocessing.Process(target=work, args=(tasks,))
    worker.start()
    tasks.put("a task")
    tasks.put(None)
    worker.join()
