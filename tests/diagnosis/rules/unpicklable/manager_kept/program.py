import multiprocessing


class Board:
    def __init__(self):
        self.manager = multiprocessing.Manager()
        self.names = self.manager.list()


def join(board, name):
    board.names.append(name)


def main():
    board = Board()
    worker = multiprocessing.Process(target=join, args=(board, "ann"))
    # finds: unpicklable error forkserver spawn
    worker.start()
    worker.join()
    print(len(board.names))


if __name__ == "__main__":
    main()
