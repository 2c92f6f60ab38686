from multiprocessing import Pool


class Client:
    def header(self):
        return f"Bearer {self.token}"


def header(_):
    return Client().header()


def main():
    # finds: global_differs error forkserver spawn
    Client.token = "abc"
    with Pool(2) as pool:
        print(pool.map(header, range(2)))


if __name__ == "__main__":
    main()
