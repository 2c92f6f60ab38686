import multiprocessing


def serve(begin, ready):
    begin.wait()
    ready.set()


def main():
    begin, ready = multiprocessing.Event(), multiprocessing.Event()
    server = multiprocessing.Process(target=serve, args=(begin, ready))
    server.start()
    begun = ready
    begin.set()
    ready.wait()
    print("ready", begun.is_set())
    server.join()


if __name__ == "__main__":
    main()
