from multiprocessing import Event, Lock, Process


def pay_in(account, ledger, begun, other_begun):
    with account:
        begun.set()
        other_begun.wait()
        # finds: lock_order hang fork forkserver spawn
        with ledger:
            print("paid in")


def audit(account, ledger, begun, other_begun):
    with ledger:
        begun.set()
        other_begun.wait()
        with account:
            print("audited")


def main():
    account, ledger = Lock(), Lock()
    paying, auditing = Event(), Event()
    clerk = Process(target=pay_in, args=(account, ledger, paying, auditing))
    auditor = Process(target=audit, args=(account, ledger, auditing, paying))
    clerk.start()
    auditor.start()
    clerk.join()
    auditor.join()


if __name__ == "__main__":
    main()
