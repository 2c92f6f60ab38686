from multiprocessing import Pipe, Process
from multiprocessing.connection import Client, Listener


def serve(announce):
    with Listener(("localhost", 0)) as listener:
        announce.send(listener.address)
        with listener.accept() as connection:
            print(connection.recv())


def main():
    heard, announce = Pipe()
    server = Process(target=serve, args=(announce,))
    server.start()
    # finds: one_has_a_key hang fork forkserver spawn
    with Client(heard.recv(), authkey=b"secret") as connection:
        connection.send("hello")
    server.join()


if __name__ == "__main__":
    main()
