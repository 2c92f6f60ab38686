"""A print job that is given up while it has the only printer."""

from multiprocessing import Event, Process, Semaphore


def output(pages, printers, has_begun, resume):
    # finds: holder_killed hang fork forkserver spawn
    printers.acquire()
    try:
        has_begun.set()
        if pages > 100:
            resume.wait()
    finally:
        printers.release()


def main():
    printers, resume = Semaphore(1), Event()
    for pages in (500, 3):
        has_begun = Event()
        job = Process(target=output, args=(pages, printers, has_begun, resume))
        job.start()
        if pages > 100:
            has_begun.wait()
            job.terminate()
        job.join()
    print("all printed")


if __name__ == "__main__":
    main()
