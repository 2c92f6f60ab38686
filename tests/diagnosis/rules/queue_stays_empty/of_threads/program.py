import queue
from multiprocessing import Process

results = queue.Queue()


def grade(name, points, out):
    out.put((name, "pass" if points >= 50 else "fail"))


def main():
    papers = {"ann": 71, "ben": 33}
    graders = [Process(target=grade, args=(n, p, results)) for n, p in papers.items()]
    for grader in graders:
        grader.start()
    for grader in graders:
        grader.join()
    # finds: queue_of_threads hang fork
    for name, mark in sorted(results.get() for _ in papers):
        print(name, mark)


if __name__ == "__main__":
    main()
