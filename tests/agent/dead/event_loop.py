# verdict: stuck
# waits: main (1) for an event, every 0.1 s, that only another thread could set; it (2) for main
# Main waits for an event with a timeout, again and again; who would set it joins main.
import sys
import threading
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


event = threading.Event()
main = threading.current_thread()


def work():
    last_words()
    main.join()  # (2)
    event.set()


threading.Thread(target=work).start()
while not event.wait(0.1):  # (1)
    pass
