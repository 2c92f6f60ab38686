# outside
# A process outside connects, and answers in its own time.
import os
import socket
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/port"):
        time.sleep(0.01)
    time.sleep(0.7)
    connection = socket.create_connection(("127.0.0.1", int(open(place + "/port").read())))
    time.sleep(0.7)
    connection.sendall(b"x")
else:
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(1)
    with open(place + "/part", "w") as file:
        file.write(str(server.getsockname()[1]))
    os.rename(place + "/part", place + "/port")
    assert server.accept()[0].recv(1) == b"x"
