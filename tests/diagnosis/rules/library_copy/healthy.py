"""Counts the mails that are read in processes: the parent counts, the processes read."""

# with: prometheus-client

import multiprocessing

from prometheus_client import REGISTRY, Counter

MAILS = Counter("mails", "Mails read")


def read(mail):
    return len(mail)


def main():
    with multiprocessing.Pool(2) as pool:
        for length in pool.imap(read, ["hello", "thanks"]):
            MAILS.inc()
            print(length)
    print(REGISTRY.get_sample_value("mails_total"))


if __name__ == "__main__":
    main()
