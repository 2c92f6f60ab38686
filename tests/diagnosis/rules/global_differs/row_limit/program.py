from multiprocessing import Process

if __name__ == "__main__":
    # finds: global_differs differs forkserver spawn
    LIMIT = 5


def show(n):
    print("row", n, "of", LIMIT, flush=True)


if __name__ == "__main__":
    for n in range(2):
        p = Process(target=show, args=(n,))
        p.start()
        p.join()
    print("shown")
