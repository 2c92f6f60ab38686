import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor

attached = None


def init(event):
    global attached
    attached = event


def double(number):
    attached.wait()
    return 2 * number


def main():
    event, begun = multiprocessing.Event(), threading.Event()
    with ProcessPoolExecutor(2, initializer=init, initargs=(event,)) as executor:

        def again(future):
            begun.set()
            # finds: waits_for_itself hang fork forkserver spawn
            print(executor.submit(double, future.result()).result())

        executor.submit(double, 3).add_done_callback(again)
        event.set()  # else the callback may run here, if the task was quick
        begun.wait()  # else the next result may be read before that of the task
        print(executor.submit(double, 4).result())


if __name__ == "__main__":
    main()
