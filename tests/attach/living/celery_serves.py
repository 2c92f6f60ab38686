# wide
# needs: celery
import celery
from celery.signals import worker_ready

app = celery.Celery("app", broker="memory://", backend="cache+memory://")
app.conf.worker_redirect_stdouts = False


@worker_ready.connect
def tell(**_):
    print("ready", flush=True)


if __name__ == "__main__":
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
