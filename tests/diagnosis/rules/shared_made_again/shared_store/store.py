import multiprocessing

# finds: shared_made_again hang forkserver spawn
results = multiprocessing.Queue()
stop = multiprocessing.Event()
