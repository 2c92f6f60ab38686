"""Gauges report over ZeroMQ, each with a context of its own; the station adds up what they say."""

# with: pyzmq

import multiprocessing
import os
import tempfile

import zmq


def gauge(address, level):
    with zmq.Context() as context, context.socket(zmq.PUSH) as out:
        out.connect(address)
        out.send_string(str(level))


def main():
    with tempfile.TemporaryDirectory() as folder, zmq.Context() as context:
        address = "ipc://" + os.path.join(folder, "gauges")
        with context.socket(zmq.PULL) as station:
            station.bind(address)
            gauges = [multiprocessing.Process(target=gauge, args=(address, n)) for n in (3, 4)]
            for each in gauges:
                each.start()
            print(sum(int(station.recv_string()) for _ in gauges))
            for each in gauges:
                each.join()


if __name__ == "__main__":
    main()
