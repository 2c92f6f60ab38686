"""Mails of a web shop, sent by a process."""

# with: flask

import multiprocessing

from flask import Flask, current_app


def create_app():
    app = Flask("shop")
    app.config["SENDER"] = "shop@example.org"
    return app


def send(address):
    print(f"{current_app.config['SENDER']} -> {address}", flush=True)


def main():
    app = create_app()
    # finds: library_state_differs error forkserver spawn
    with app.app_context():
        job = multiprocessing.Process(target=send, args=("ann@example.org",))
        job.start()
        job.join()
    raise SystemExit(job.exitcode)


if __name__ == "__main__":
    main()
