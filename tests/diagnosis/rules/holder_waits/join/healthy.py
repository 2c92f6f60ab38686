from multiprocessing import Lock, Process


def write_page(lock, number):
    with lock:
        print("page", number, flush=True)


def main():
    console = Lock()
    pages = [Process(target=write_page, args=(console, number)) for number in range(2)]
    with console:
        print("index", flush=True)
        for page in pages:
            page.start()
    for page in pages:
        page.join()
    print("printed")


if __name__ == "__main__":
    main()
