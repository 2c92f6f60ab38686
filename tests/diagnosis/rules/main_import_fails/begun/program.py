from multiprocessing import Pipe, Process


def work(answers):
    # finds: child_raised error fork forkserver spawn
    answers.send(1 / 0)


if __name__ == "__main__":
    results, answers = Pipe(duplex=False)
    process = Process(target=work, args=(answers,))
    process.start()
    answers.close()
    try:
        print(results.recv())
    finally:
        process.join()
