import multiprocessing


def encode(track):
    return track.upper()


def wait_for_all(processes):
    for process in processes:
        process.join()
    return sum(process.exitcode != 0 for process in processes)


def main():
    processes = [
        multiprocessing.Process(target=encode, args=(track,)) for track in ["one", "two"]
    ]
    for process in processes:
        process.start()
    print(wait_for_all(processes), "failed")


if __name__ == "__main__":
    main()
