# verdict: busy
# who: child
import multiprocessing


def child():
    print("ready", flush=True)
    while True:  # here
        pass


if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
