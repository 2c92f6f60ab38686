from multiprocessing import Pool


class Client:
    base = "http://localhost"

    def url(self, path):
        return self.base + path


def fetch(path):
    return Client().url(path)


def main():
    # finds: global_differs differs forkserver spawn
    Client.base = "http://example.org"
    with Pool(2) as pool:
        print(pool.map(fetch, ["/tea", "/salt"]))


if __name__ == "__main__":
    main()
