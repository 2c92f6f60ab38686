from multiprocessing import Process

# finds: missing_module error fork forkserver spawn
import a_module_that_nobody_has


def work():
    print(a_module_that_nobody_has, flush=True)


if __name__ == "__main__":
    Process(target=work).start()
