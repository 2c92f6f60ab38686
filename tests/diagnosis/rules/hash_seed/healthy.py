import os
import zlib
import tempfile
from multiprocessing import Process


def file_of(folder, address):
    return os.path.join(folder, "%016x.html" % (zlib.crc32(address.encode())))


def fetch(folder, address):
    with open(file_of(folder, address), "w") as page:
        page.write("welcome to " + address)


def main():
    with tempfile.TemporaryDirectory() as folder:
        fetcher = Process(target=fetch, args=(folder, "index"))
        fetcher.start()
        fetcher.join()
        print("fetched:", os.path.exists(file_of(folder, "index")))


if __name__ == "__main__":
    main()
