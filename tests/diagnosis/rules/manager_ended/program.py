from multiprocessing import Event, Manager, Process


def note(seen, name, is_over):
    is_over.wait()
    # finds: manager_ended ok fork forkserver spawn
    seen.append(name)
    print("noted")


def main():
    is_over = Event()
    with Manager() as manager:
        seen = manager.list()
        worker = Process(target=note, args=(seen, "a", is_over))
        worker.start()
    is_over.set()
    worker.join()


if __name__ == "__main__":
    main()
