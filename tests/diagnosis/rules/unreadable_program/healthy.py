from multiprocessing import Process

try:
    import a_module_that_nobody_has
except ImportError:
    a_module_that_nobody_has = None


def work():
    print(a_module_that_nobody_has, flush=True)


if __name__ == "__main__":
    worker = Process(target=work)
    worker.start()
    worker.join()
