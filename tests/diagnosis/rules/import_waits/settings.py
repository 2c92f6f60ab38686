import threading

DEFAULT = 2


def load():
    global RATE
    from settings import DEFAULT

    RATE = DEFAULT + 1


loader = threading.Thread(target=load)
loader.start()
# finds: import_waits hang fork forkserver spawn
loader.join()
