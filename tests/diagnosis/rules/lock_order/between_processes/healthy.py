from multiprocessing import Lock, Process


def pay_in(account, ledger):
    with account, ledger:
        print("booked")


def audit(account, ledger):
    with account, ledger:
        print("booked")


def main():
    account, ledger = Lock(), Lock()
    clerk = Process(target=pay_in, args=(account, ledger))
    auditor = Process(target=audit, args=(account, ledger))
    clerk.start()
    auditor.start()
    clerk.join()
    auditor.join()


if __name__ == "__main__":
    main()
