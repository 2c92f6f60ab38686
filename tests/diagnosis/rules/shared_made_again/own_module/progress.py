import multiprocessing

# finds: shared_made_again error forkserver spawn
DONE = multiprocessing.Value("i", 0)


def step(number):
    with DONE.get_lock():
        DONE.value += 1
    return number
