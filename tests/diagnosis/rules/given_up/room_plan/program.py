import threading
from multiprocessing import Pipe, Process

calendar = threading.Lock()
loading = threading.Event()
booked = threading.Event()


def load():
    with calendar:
        loading.set()
        booked.wait()


def book(room, answers):
    # finds: lock_held_at_fork differs fork
    with calendar:
        answers.send(room + " is booked")


def main():
    threading.Thread(target=load, daemon=True).start()
    loading.wait()
    here, there = Pipe(duplex=False)
    clerk = Process(target=book, args=("blue room", there))
    clerk.start()
    if here.poll(2):
        print(here.recv())
    else:
        print("nobody answers")
        clerk.kill()
    clerk.join()
    booked.set()


if __name__ == "__main__":
    main()
