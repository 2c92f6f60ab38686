# wide
# verdict: outside
# needs: celery
# outside: tcp
# who: celery worker
import socket
import sys

import celery

app = celery.Celery("app", broker="memory://", backend="cache+memory://")
app.conf.worker_redirect_stdouts = False


@app.task
def work(port):
    database = socket.create_connection(("127.0.0.1", port))
    print("ready", flush=True)
    database.recv(1)  # here


if __name__ == "__main__":
    work.delay(int(sys.argv[2]))
    app.worker_main(
        [
            "worker",
            "--pool=prefork",
            "--concurrency=2",
            "--loglevel=CRITICAL",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )
