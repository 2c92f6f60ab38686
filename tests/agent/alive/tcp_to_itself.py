# Both ends of the connection are ours, but what is on its way is the kernel's: a slow child sends.
import os
import socket
import time

server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(1)
child = os.fork()
if child == 0:
    connection = socket.create_connection(server.getsockname())
    time.sleep(1.2)
    connection.sendall(b"x")
    os._exit(0)
assert server.accept()[0].recv(1) == b"x"
