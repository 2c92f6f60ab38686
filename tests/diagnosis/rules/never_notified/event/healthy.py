import threading


class Service:
    def __init__(self):
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        self.stopping.wait()
        print("stopped")

    def close(self):
        self.stopping.set()
        self.thread.join()


def main():
    service = Service()
    service.thread.start()
    service.close()


if __name__ == "__main__":
    main()
