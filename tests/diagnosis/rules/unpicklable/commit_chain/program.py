import multiprocessing


class Commit:
    def __init__(self, author, parent):
        self.author = author
        self.parent = parent


def count(head):
    commits = 0
    while head is not None:
        head, commits = head.parent, commits + 1
    print(commits)


def main():
    head = None
    for _ in range(2500):
        head = Commit("ada", head)
    walker = multiprocessing.Process(target=count, args=(head,))
    # finds: unpicklable error forkserver spawn
    walker.start()
    walker.join()


if __name__ == "__main__":
    main()
