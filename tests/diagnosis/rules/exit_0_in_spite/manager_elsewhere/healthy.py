from multiprocessing import Process
from multiprocessing.managers import BaseManager


class Board(BaseManager):
    pass


def read(address):
    Board(address=address, authkey=b"board").connect()
    print("connected", flush=True)


def main():
    with Board(address=("127.0.0.1", 0), authkey=b"board") as board:
        reader = Process(target=read, args=(board.address,))
        reader.start()
        reader.join()
    print("over")


if __name__ == "__main__":
    main()
