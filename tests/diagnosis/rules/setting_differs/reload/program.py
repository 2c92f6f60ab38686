import os
import signal
from multiprocessing import Event, Process


def reload(number, frame):
    print("reloads")
    os._exit(0)


def serve(ready):
    ready.set()
    while True:
        signal.pause()


def main():
    # finds: setting_differs error forkserver spawn
    signal.signal(signal.SIGUSR1, reload)
    ready = Event()
    server = Process(target=serve, args=(ready,))
    server.start()
    ready.wait()
    os.kill(server.pid, signal.SIGUSR1)
    server.join()
    assert server.exitcode == 0, server.exitcode


if __name__ == "__main__":
    main()
