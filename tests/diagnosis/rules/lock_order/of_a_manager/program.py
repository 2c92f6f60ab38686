from multiprocessing import Barrier, Manager, Process


def pay_in(account, journal, both):
    with account:
        both.wait()
        # finds: lock_order hang fork forkserver spawn
        with journal:
            print("paid in")


def close_day(account, journal, both):
    with journal:
        both.wait()
        with account:
            print("closed")


def main():
    with Manager() as manager:
        account = manager.Lock()
        journal = manager.Lock()
        both = Barrier(2)
        children = [
            Process(target=each, args=(account, journal, both)) for each in (pay_in, close_day)
        ]
        for child in children:
            child.start()
        for child in children:
            child.join()


if __name__ == "__main__":
    main()
