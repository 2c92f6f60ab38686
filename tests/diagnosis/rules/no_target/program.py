import multiprocessing


class Link:
    def __init__(self):
        # finds: no_target hang fork forkserver spawn
        self.serve = None
        self.mine, self.theirs = multiprocessing.Pipe()

    def start(self):
        self.process = multiprocessing.Process(target=self.serve)
        self.process.start()

    def serve(self):
        self.theirs.send(self.theirs.recv() * 2)


if __name__ == "__main__":
    link = Link()
    link.start()
    link.mine.send(4)
    print(link.mine.recv())
    link.process.join()
