import multiprocessing
import socket


def ask(address):
    with socket.create_connection(address, timeout=0.2) as connection:
        connection.sendall(b"how many?\n")
        try:
            return connection.recv(100)
        except TimeoutError:
            return b""


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with multiprocessing.Pool(1) as pool:
            print(pool.apply(ask, (silent.getsockname(),)))
