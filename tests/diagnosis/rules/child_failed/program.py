from multiprocessing import Process, Queue


def work(settings, out):
    # finds: child_failed hang fork forkserver spawn
    out.put(settings["depths"] * 2)


def main():
    out = Queue()
    worker = Process(target=work, args=({"depth": 4}, out))
    worker.start()
    print(out.get())
    worker.join()


if __name__ == "__main__":
    main()
