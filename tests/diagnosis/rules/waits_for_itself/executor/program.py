from concurrent.futures import ProcessPoolExecutor


def double(number):
    return 2 * number


def main():
    with ProcessPoolExecutor(2) as executor:

        def again(future):
            # finds: waits_for_itself hang fork forkserver spawn
            print(executor.submit(double, future.result()).result())

        executor.submit(double, 3).add_done_callback(again)
        print(executor.submit(double, 4).result())


if __name__ == "__main__":
    main()
