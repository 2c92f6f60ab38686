from multiprocessing import Process

votes = 0


def vote(count):
    global votes
    # finds: kept_by_child error fork forkserver spawn
    votes += count


def main():
    for count in (3, 4):
        station = Process(target=vote, args=(count,))
        station.start()
        station.join()
    assert votes == 7, "votes are missing: %d" % votes
    print(votes)


if __name__ == "__main__":
    main()
