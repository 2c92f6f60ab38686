import time
from multiprocessing import Pipe, Process
from multiprocessing.connection import wait

RATE = 1


class Slow:
    def __init__(self, reader):
        self.reader = reader

    def fileno(self):
        time.sleep(0.05)  # as a busy machine may take for a wait of 0 s
        return self.reader.fileno()


def work(answers):
    answers.send(RATE)


def main():
    global RATE
    # finds: global_differs differs forkserver spawn
    RATE = 2
    reader, writer = Pipe(duplex=False)
    child = Process(target=work, args=(writer,))
    child.start()
    wait([Slow(reader)], 0)
    print(reader.recv())
    child.join()


if __name__ == "__main__":
    main()
