from multiprocessing import Pool

LOGS = {"a.log": "x=1 y=2", "b.log": "z=3"}


def fields(name):
    for part in LOGS[name].split():
        yield part.split("=")


if __name__ == "__main__":
    with Pool(2) as pool:
        # finds: unpicklable_result error fork forkserver spawn
        for parsed in pool.map(fields, sorted(LOGS)):
            print(list(parsed))
