# finds: exit_status_differs error forkserver spawn, at no line
"""The program fails by what a process sends, and nothing raises."""
import sys
from multiprocessing import Process, SimpleQueue


def tell(answers):
    frame, names = sys._getframe(), set()
    while frame is not None:
        names.add(frame.f_code.co_name)
        frame = frame.f_back
    answers.put("_launch" in names)


def main():
    answers = SimpleQueue()
    process = Process(target=tell, args=(answers,))
    process.start()
    process.join()
    good = answers.get()
    print("good" if good else "bad")
    return 0 if good else 3


if __name__ == "__main__":
    sys.exit(main())
