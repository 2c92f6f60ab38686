import multiprocessing
import sqlite3


class Reader(multiprocessing.Process):
    def __init__(self):
        super().__init__()
        self.database = sqlite3.connect(":memory:")

    def run(self):
        print(self.database.execute("select 1").fetchone(), flush=True)


if __name__ == "__main__":
    reader = Reader()
    # finds: unpicklable_connection error forkserver spawn
    reader.start()
    reader.join()
    print("done")
