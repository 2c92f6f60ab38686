from multiprocessing import Pipe, Process


def report(writer):
    writer.send("done")


def main():
    reader, writer = Pipe(duplex=False)
    worker = Process(target=report, args=(writer,))
    worker.start()
    worker.join()
    writer.close()
    print("the worker says", reader.recv())


if __name__ == "__main__":
    main()
