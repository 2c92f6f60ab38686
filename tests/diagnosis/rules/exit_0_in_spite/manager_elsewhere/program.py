from multiprocessing import Process
from multiprocessing.managers import BaseManager


class Board(BaseManager):
    pass


def read(address):
    board = Board(address=address, authkey=b"board")
    # finds: exit_0_in_spite ok fork forkserver spawn
    board.connect()
    print("connected")


def main():
    reader = Process(target=read, args=(("127.0.0.1", 9),))
    reader.start()
    reader.join()
    print("over")


if __name__ == "__main__":
    main()
