"""Counts the mails that are read, in processes, and checks that all are counted."""

# with: prometheus-client

import multiprocessing

from prometheus_client import REGISTRY, Counter

MAILS = Counter("mails", "Mails read")


def read(mail):
    # finds: library_copy error fork forkserver spawn
    MAILS.inc()
    return len(mail)


def main():
    with multiprocessing.Pool(2) as pool:
        print(pool.map(read, ["hello", "thanks"]))
    counted = REGISTRY.get_sample_value("mails_total")
    if counted != 2:
        raise SystemExit(f"{counted} of 2 mails are counted")


if __name__ == "__main__":
    main()
