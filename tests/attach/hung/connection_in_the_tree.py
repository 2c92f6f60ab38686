# wide
# verdict: deadlock
# who: child
import multiprocessing
import socket


def child(port):
    there = socket.create_connection(("127.0.0.1", port))
    print("ready", flush=True)
    there.recv(1)  # here


if __name__ == "__main__":
    server = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("fork").Process(
        target=child, args=(server.getsockname()[1],)
    )
    process.start()
    here, _ = server.accept()
    server.close()
    here.recv(1)
