import os
from multiprocessing import Process


class Job:
    def __init__(self):
        self.rows = [[[number]] for number in range(25_000)]
        self.tools = [[[os]]]

    def run(self):
        print(len(self.rows))


if __name__ == "__main__":
    job = Job()
    process = Process(target=job.run)
    # finds: unpicklable error forkserver spawn
    process.start()
    process.join()
