from concurrent.futures import ProcessPoolExecutor


class Client:
    def __init__(self):
        self.session = {"url": "http://x"}

    def fetch(self, n):
        return n + 1

    def run(self):
        with ProcessPoolExecutor(2) as executor:
            return sum(executor.map(self.fetch, range(3)))


if __name__ == "__main__":
    print(Client().run())
