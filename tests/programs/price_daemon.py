import threading
from multiprocessing import Process, Queue

lock = threading.Lock()
inside, leave = threading.Event(), threading.Event()


def refresh():
    with lock:
        inside.set()
        leave.wait()


def look_up(item, out):
    with lock:
        out.put(item.upper())


def main():
    threading.Thread(target=refresh, daemon=True).start()
    inside.wait()
    out = Queue()
    Process(target=look_up, args=("pear", out), daemon=True).start()
    print(out.get(timeout=1.5))
    leave.set()


if __name__ == "__main__":
    main()
