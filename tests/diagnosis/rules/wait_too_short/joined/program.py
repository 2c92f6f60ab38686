import time
from multiprocessing import Process

time.sleep(2)  # as the import of a big library takes


def work():
    pass


def test_work_ends():
    process = Process(target=work)
    process.start()
    # finds: wait_too_short error forkserver spawn
    process.join(1)
    ended = not process.is_alive()
    process.join()
    assert ended


if __name__ == "__main__":
    test_work_ends()
    print("ok")
