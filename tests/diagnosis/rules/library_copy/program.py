"""Counts the mails that are read, in processes, for the metrics of the service."""

# with: prometheus-client

import multiprocessing

from prometheus_client import REGISTRY, Counter

MAILS = Counter("mails", "Mails read")


def read(mail):
    # finds: library_copy wrong fork forkserver spawn
    MAILS.inc()
    return len(mail)


def main():
    with multiprocessing.Pool(2) as pool:
        print(pool.map(read, ["hello", "thanks"]))
    print(REGISTRY.get_sample_value("mails_total"))


if __name__ == "__main__":
    main()
