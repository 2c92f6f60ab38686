"""Gauges report over ZeroMQ; the station adds up what they say."""

# with: pyzmq

import multiprocessing
import os
import tempfile

import zmq

ADDRESS = "ipc://" + os.environ.setdefault("GAUGES", os.path.join(tempfile.mkdtemp(), "gauges"))
context = zmq.Context()
out = context.socket(zmq.PUSH)
out.connect(ADDRESS)


def gauge(level):
    # finds: native_unsent hang fork forkserver
    out.send_string(str(level))


def main():
    station = context.socket(zmq.PULL)
    station.bind(ADDRESS)
    out.send_string("0")
    print("first:", station.recv_string(), flush=True)
    gauges = [multiprocessing.Process(target=gauge, args=(level,)) for level in (3, 4)]
    for each in gauges:
        each.start()
    print(sum(int(station.recv_string()) for _ in gauges))
    for each in gauges:
        each.join()


if __name__ == "__main__":
    main()
