import sys
import types
from multiprocessing import Process

if __name__ == "__main__":
    sys.modules["rates"] = types.SimpleNamespace(RATE=3)

# finds: main_import_fails error forkserver spawn
import rates


def work():
    print(2 * rates.RATE)


if __name__ == "__main__":
    child = Process(target=work)
    child.start()
    child.join()
    sys.exit(child.exitcode)
