# verdict: outside
# needs: gunicorn
# outside: tcp
# who: gunicorn worker
import socket
import sys

from gunicorn.app.base import BaseApplication


def connect(worker):
    database = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    print("ready", flush=True)
    database.recv(1)  # here


class Server(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", "127.0.0.1:0")
        self.cfg.set("workers", 1)
        self.cfg.set("timeout", 0)
        self.cfg.set("loglevel", "critical")
        self.cfg.set("post_worker_init", connect)

    def load(self):
        return None


if __name__ == "__main__":
    Server().run()
