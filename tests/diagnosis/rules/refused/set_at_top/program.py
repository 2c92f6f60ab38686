import multiprocessing

# finds: method_set_twice ok fork forkserver spawn
multiprocessing.set_start_method("spawn")


def hello():
    print("hello", flush=True)


if __name__ == "__main__":
    p = multiprocessing.Process(target=hello)
    p.start()
    p.join()
    print("exit code", p.exitcode)
