from multiprocessing import Process, Semaphore


def answer(asked, answered):
    asked.acquire()
    answered.release()


def main():
    asked, answered = Semaphore(0), Semaphore(0)
    helper = Process(target=answer, args=(asked, answered))
    helper.start()
    # finds: crossed_waits hang fork forkserver spawn
    answered.acquire()
    asked.release()
    helper.join()


if __name__ == "__main__":
    main()
