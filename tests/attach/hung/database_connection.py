# wide
# verdict: outside
# outside: tcp
# who: pool worker
import multiprocessing
import socket
import sys


def query(port):
    database = socket.create_connection(("127.0.0.1", port))
    print("ready", flush=True)
    database.recv(1)  # here


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(3) as pool:
        pool.apply(query, (int(sys.argv[2]),))
