from concurrent.futures import ProcessPoolExecutor, TimeoutError
import threading


def solve(n):
    if n == 2:
        # finds: never_set hang fork forkserver spawn
        threading.Event().wait()
    return n * 10


def main():
    with ProcessPoolExecutor(2) as executor:
        futures = [executor.submit(solve, n) for n in (1, 2, 3)]
        for each in futures:
            try:
                print(each.result(timeout=3))
            except TimeoutError:
                print("gave up")


if __name__ == "__main__":
    main()
