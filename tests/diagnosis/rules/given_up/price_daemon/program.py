import threading
from multiprocessing import Event, Process, Queue

lock = threading.Lock()
inside, leave = threading.Event(), threading.Event()


def refresh():
    with lock:
        inside.set()
        leave.wait()


def look_up(item, there, out):
    there.set()
    # finds: lock_held_at_fork error fork
    with lock:
        out.put(item.upper())


def main():
    threading.Thread(target=refresh, daemon=True).start()
    inside.wait()
    there, out = Event(), Queue()
    Process(target=look_up, args=("pear", there, out), daemon=True).start()
    there.wait()
    print(out.get(timeout=5))
    leave.set()


if __name__ == "__main__":
    main()
