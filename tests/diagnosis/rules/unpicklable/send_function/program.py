from multiprocessing import Process, Queue


def make(out, factor):
    out.put(lambda n: n * factor)


if __name__ == "__main__":
    out = Queue()
    p = Process(target=make, args=(out, 3))
    p.start()
    # finds: unpicklable hang fork forkserver spawn
    scale = out.get()
    print(scale(2))
    p.join()
