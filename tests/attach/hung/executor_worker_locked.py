# verdict: deadlock
# who: executor worker
import concurrent.futures
import multiprocessing


def start(lock):
    global mine
    mine = lock


def work():
    with mine:
        print("ready", flush=True)
        with mine:  # here
            pass


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(
        2, mp_context=context, initializer=start, initargs=(context.Lock(),)
    ) as executor:
        executor.submit(work).result()
