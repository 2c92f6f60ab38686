from multiprocessing import Process


def parse(row):
    # finds: exit_0_in_spite ok fork forkserver spawn
    print(int(row), flush=True)


if __name__ == "__main__":
    for row in ["1", "two", "3"]:
        p = Process(target=parse, args=(row,))
        p.start()
        p.join()
    print("parsed")
