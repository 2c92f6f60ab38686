import multiprocessing
import socket
import socketserver


class Orders(socketserver.StreamRequestHandler):
    def handle(self):
        if self.rfile.readline() == b"close\n":
            # finds: waits_for_itself hang fork forkserver spawn
            self.server.shutdown()


def serve(pipe):
    with socketserver.TCPServer(("127.0.0.1", 0), Orders) as server:
        pipe.send(server.server_address)
        server.serve_forever()


def main():
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=serve, args=(there,))
    child.start()
    with socket.create_connection(here.recv()) as connection:
        connection.sendall(b"close\n")
        connection.recv(1)
    child.join()


if __name__ == "__main__":
    main()
