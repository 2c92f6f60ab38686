from multiprocessing import Pipe, Process


def square(there):
    number = there.recv()
    there.send(number * number)


def main():
    here, there = Pipe()
    child = Process(target=square, args=(there,))
    child.start()
    here.send(7)
    print(here.recv())
    child.join()


if __name__ == "__main__":
    main()
