import http.server
import multiprocessing


def main():
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    process = multiprocessing.Process(target=server.serve_forever, daemon=True)
    # finds: unpicklable error forkserver spawn
    process.start()
    process.terminate()
    process.join()
    print("served")


if __name__ == "__main__":
    main()
