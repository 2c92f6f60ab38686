"""Fetches the parts of a report from a server, over one file system that is made once."""

# with: fsspec aiohttp

import functools
import http.server
import multiprocessing
import threading

import fsspec


class Archive(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"part {self.path[1:]}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@functools.cache
def archive():
    return fsspec.filesystem("http", skip_instance_cache=True)


def fetch(url):
    # finds: object_refused error fork
    return archive().cat(url).decode()


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Archive)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}/"
    print(fetch(base + "index"))
    with multiprocessing.Pool(2) as pool:
        print(pool.map(fetch, [base + name for name in "abc"]))


if __name__ == "__main__":
    main()
