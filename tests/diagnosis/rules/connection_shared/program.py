# with: requests
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Pool

import requests

SHOP = requests.Session()


class Prices(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.path.rpartition("/")[2].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def price(address):
    # finds: connection_shared error fork
    return [SHOP.get(f"{address}/{item}", timeout=5).text == str(item) for item in range(50)]


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Prices)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    print(SHOP.get(f"{address}/0").text, flush=True)
    with Pool(4) as pool:
        print(all(map(all, pool.map(price, [address] * 4, chunksize=1))))


if __name__ == "__main__":
    main()
