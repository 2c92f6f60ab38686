from multiprocessing import Process, Queue


def render(out):
    out.put(b"x" * 1000000)


def main():
    out = Queue()
    renderer = Process(target=render, args=(out,))
    renderer.start()
    print(len(out.get()), "bytes")
    renderer.join()


if __name__ == "__main__":
    main()
