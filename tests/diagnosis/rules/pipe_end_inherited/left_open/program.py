import multiprocessing


def total(connection):
    amount = 0
    while True:
        try:
            # finds: pipe_end_left_open hang forkserver spawn
            amount += connection.recv()
        except EOFError:
            break
    print(amount)


def main():
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=total, args=(there,))
    child.start()
    there.close()
    for number in range(3):
        here.send(number)
    child.join()


if __name__ == "__main__":
    main()
