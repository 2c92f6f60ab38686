from multiprocessing import Process, Queue


def render(out):
    out.put(b"x" * 1000000)


def main():
    out = Queue()
    renderer = Process(target=render, args=(out,))
    renderer.start()
    # finds: join_before_drain hang fork forkserver spawn
    renderer.join()
    print(len(out.get()), "bytes")


if __name__ == "__main__":
    main()
