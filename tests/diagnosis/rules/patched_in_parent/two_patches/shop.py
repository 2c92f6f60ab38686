from multiprocessing import Pipe, Process


def greet():
    return "Good morning!"


def price(item):
    return 10 * len(item)


def _work_out(sender, item):
    sender.send(price(item))


def bill(item):
    greeting = greet()
    receiver, sender = Pipe(duplex=False)
    clerk = Process(target=_work_out, args=(sender, item))
    clerk.start()
    result = receiver.recv()
    clerk.join()
    return greeting, result
