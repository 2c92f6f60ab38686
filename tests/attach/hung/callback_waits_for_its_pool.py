# wide
# verdict: stuck, deadlock
# who: the pool's result handler
import multiprocessing


def double(number):
    return 2 * number


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:

        def again(value):
            print("ready", flush=True)
            pool.apply(double, (value,))  # here

        results = [pool.apply_async(double, (each,), callback=again) for each in range(3)]
        results[0].wait()
