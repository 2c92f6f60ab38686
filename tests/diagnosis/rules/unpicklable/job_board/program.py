import queue
from multiprocessing.managers import BaseManager

jobs = queue.Queue()


class Board(BaseManager):
    pass


def main():
    Board.register("jobs", callable=lambda: jobs)
    board = Board()
    # finds: unpicklable error forkserver spawn
    board.start()
    board.jobs().put("first")
    print(board.jobs().get())
    board.shutdown()


if __name__ == "__main__":
    main()
