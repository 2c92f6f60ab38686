import os
from multiprocessing import Process, Queue


def pack(index):
    return {"index": index, "payload": bytes([index]) * 400000}


def upload(indices, done):
    for index in indices:
        done.put(pack(index))
    os._exit(0)


def main():
    done = Queue()
    batches = [range(0, 3), range(3, 6)]
    workers = [Process(target=upload, args=(batch, done)) for batch in batches]
    for worker in workers:
        worker.start()
    sizes = {}
    while len(sizes) < sum(map(len, batches)):
        item = done.get()
        sizes[item["index"]] = len(item["payload"])
    for worker in workers:
        worker.join()
    for index in sorted(sizes):
        print("part", index, sizes[index])


if __name__ == "__main__":
    main()
