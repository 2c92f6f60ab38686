import multiprocessing

results = multiprocessing.Queue()
stop = multiprocessing.Event()
