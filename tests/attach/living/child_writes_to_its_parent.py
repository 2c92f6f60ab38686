import multiprocessing
import time


def child(there):
    while True:
        there.send("tick")
        time.sleep(0.1)


if __name__ == "__main__":
    here, there = multiprocessing.get_context("fork").Pipe()
    multiprocessing.get_context("fork").Process(target=child, args=(there,), daemon=True).start()
    print("ready", flush=True)
    while True:
        here.recv()
