import os
import shutil
import tempfile
from multiprocessing import Process


class Workspace:
    def __init__(self):
        self.path = tempfile.mkdtemp()

    # finds: destructor_again error spawn
    def __del__(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def write(self, name):
        with open(os.path.join(self.path, name), "w") as file:
            file.write(name)


def job(workspace, name):
    workspace.write(name)


def main():
    workspace = Workspace()
    for name in ("one", "two"):
        process = Process(target=job, args=(workspace, name))
        process.start()
        process.join()
        print(name, process.exitcode)
    print(sorted(os.listdir(workspace.path)))


if __name__ == "__main__":
    main()
