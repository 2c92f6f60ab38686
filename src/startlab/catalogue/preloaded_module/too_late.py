"""A program names the modules to import in advance when the fork server is running already."""

import multiprocessing


def send_token(sender):
    import session

    sender.send(session.token)
    sender.close()


if __name__ == "__main__":
    first = multiprocessing.Process()
    first.start()
    first.join()
    multiprocessing.set_forkserver_preload(["session"])
    tokens = set()
    for _ in range(2):
        receiver, sender = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.Process(target=send_token, args=(sender,))
        process.start()
        sender.close()
        tokens.add(receiver.recv())
        process.join()
    print("two processes have", len(tokens), "different tokens")
