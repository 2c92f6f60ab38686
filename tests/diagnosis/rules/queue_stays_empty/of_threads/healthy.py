from multiprocessing import Process, Queue

def grade(name, points, out):
    out.put((name, "pass" if points >= 50 else "fail"))


def main():
    results = Queue()
    papers = {"ann": 71, "ben": 33}
    graders = [Process(target=grade, args=(n, p, results)) for n, p in papers.items()]
    for grader in graders:
        grader.start()
    for grader in graders:
        grader.join()
    for name, mark in sorted(results.get() for _ in papers):
        print(name, mark)


if __name__ == "__main__":
    main()
