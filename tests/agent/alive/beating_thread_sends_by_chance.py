# The first thread waits for a child, which reads from a pipe; another thread writes there one day.
import multiprocessing
import random
import threading
import time


def work(receiver):
    receiver.recv()


def beat(sender):
    chance = random.Random(11)
    while True:
        time.sleep(0.2)
        if chance.random() < 0.02:  # for the 23rd
            sender.send("go")


if __name__ == "__main__":
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=work, args=(receiver,))
    process.start()
    thread = threading.Thread(target=beat, args=(sender,))
    thread.daemon = True
    thread.start()
    process.join()
