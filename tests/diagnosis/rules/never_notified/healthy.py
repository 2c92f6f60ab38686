from concurrent.futures import ProcessPoolExecutor, TimeoutError
import threading


def solve(n):
    if n == 2:
        threading.Event().wait(0.01)
    return n * 10


def main():
    with ProcessPoolExecutor(2) as executor:
        futures = [executor.submit(solve, n) for n in (1, 2, 3)]
        for each in futures:
            try:
                print(each.result(timeout=60))
            except TimeoutError:
                print("gave up")


if __name__ == "__main__":
    main()
