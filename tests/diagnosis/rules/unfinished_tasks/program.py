import multiprocessing as mp


def compile_problem(name):
    if name.startswith("_"):
        raise ValueError("not a problem: " + name)
    return name.upper() + ".pdf"


def worker(tasks, done):
    while True:
        name = tasks.get()
        if name is None:
            break
        try:
            done.put(compile_problem(name))
        except ValueError as error:
            done.put("skipped (%s)" % error)
            # finds: unfinished_tasks hang fork forkserver spawn
            continue
        tasks.task_done()


def build(names, jobs=2):
    tasks = mp.JoinableQueue()
    done = mp.Queue()
    workers = [mp.Process(target=worker, args=(tasks, done), daemon=True) for _ in range(jobs)]
    for each in workers:
        each.start()
    for name in names:
        tasks.put(name)
    tasks.join()
    for each in workers:
        tasks.put(None)
    return sorted(done.get() for _ in names)


if __name__ == "__main__":
    for line in build(["hello", "graphs", "_template", "knapsack"]):
        print(line)
