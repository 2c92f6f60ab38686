from multiprocessing import Pipe, Process


def consume(reader):
    total = 0
    while True:
        try:
            # finds: pipe_end_inherited hang fork
            total += reader.recv()
        except EOFError:
            break
    print("total", total, flush=True)


def main():
    reader, writer = Pipe(duplex=False)
    consumer = Process(target=consume, args=(reader,))
    consumer.start()
    reader.close()
    for n in range(10):
        writer.send(n)
    writer.close()
    consumer.join()
    print("done")


if __name__ == "__main__":
    main()
