import textwrap
from multiprocessing import Process


class Check:
    def __init__(self, module):
        self.module = module

    def run(self, text):
        print(self.module.dedent(text))


def main():
    check = Process(target=Check(textwrap).run, args=("  a",))
    # finds: unpicklable error forkserver spawn
    check.start()
    check.join()


if __name__ == "__main__":
    main()
