import sys
from multiprocessing import Process


def hook(kind, error, trace):
    print("reported:", kind.__name__, error, flush=True)


def work():
    try:
        raise ValueError("bad row")
    except ValueError:
        sys.excepthook(*sys.exc_info())


if __name__ == "__main__":
    # finds: setting_differs differs forkserver spawn
    sys.excepthook = hook
    p = Process(target=work)
    p.start()
    p.join()
