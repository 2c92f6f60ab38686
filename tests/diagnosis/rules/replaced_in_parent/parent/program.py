import multiprocessing


def serve(begin, ready):
    begin.wait()
    ready.set()


def main():
    begin, ready = multiprocessing.Event(), multiprocessing.Event()
    server = multiprocessing.Process(target=serve, args=(begin, ready))
    server.start()
    begun = ready
    # finds: replaced_in_parent hang fork forkserver spawn
    ready = multiprocessing.Event()
    begin.set()
    ready.wait()
    print("ready", begun.is_set())
    server.join()


if __name__ == "__main__":
    main()
