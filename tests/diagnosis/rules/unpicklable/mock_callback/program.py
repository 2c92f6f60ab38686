from multiprocessing import Process
from unittest import mock


def notify(callback, text):
    callback(text)


if __name__ == "__main__":
    callback = mock.MagicMock()
    process = Process(target=notify, args=(callback, "hello"))
    # finds: unpicklable error forkserver spawn
    process.start()
    process.join()
    print("exit code", process.exitcode)
