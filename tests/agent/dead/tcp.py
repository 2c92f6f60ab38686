# verdict: proven
# waits: main (1) for the child, which has the other end, and the child (2) for main
# Two processes receive from each other over a TCP connection of the machine to itself.
import os
import socket
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(1)
if os.fork() == 0:
    client = socket.create_connection(server.getsockname())
    server.close()
    last_words()
    client.recv(1)  # (2)
connection = server.accept()[0]
server.close()
connection.recv(1)  # (1)
