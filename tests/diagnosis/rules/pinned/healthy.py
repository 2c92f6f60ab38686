import multiprocessing


def work(n):
    print("work", n, flush=True)


def main():
    context = multiprocessing.get_context()
    jobs = [context.Process(target=work, args=(n,)) for n in range(2)]
    for job in jobs:
        job.start()
        job.join()
    print("done")


if __name__ == "__main__":
    main()
