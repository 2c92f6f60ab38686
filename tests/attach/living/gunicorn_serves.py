# needs: gunicorn
from gunicorn.app.base import BaseApplication


class Server(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", "127.0.0.1:0")
        self.cfg.set("workers", 2)
        self.cfg.set("loglevel", "critical")
        self.cfg.set("post_worker_init", lambda worker: print("ready", flush=True))

    def load(self):
        return None


if __name__ == "__main__":
    Server().run()
