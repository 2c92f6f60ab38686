from multiprocessing import Pool

_client = None


def connect(address):
    global _client
    # finds: global_differs error forkserver spawn
    _client = address


def ask(question):
    if _client is None:
        raise RuntimeError("not connected")
    return f"{question}? {_client}"


def main():
    connect("db.example")
    with Pool(2) as pool:
        print(pool.map(ask, ["who", "where"]))


if __name__ == "__main__":
    main()
