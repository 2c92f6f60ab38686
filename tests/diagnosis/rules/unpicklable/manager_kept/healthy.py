import multiprocessing


class Board:
    def __init__(self, manager):
        self.names = manager.list()


def join(board, name):
    board.names.append(name)


def main():
    with multiprocessing.Manager() as manager:
        board = Board(manager)
        worker = multiprocessing.Process(target=join, args=(board, "ann"))
        worker.start()
        worker.join()
        print(len(board.names))


if __name__ == "__main__":
    main()
