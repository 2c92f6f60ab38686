from concurrent.futures import ProcessPoolExecutor

TOKENS = {}
session = None


class Session:
    def __init__(self, token):
        self.token = token

    def get(self, path):
        return "%s (as %s)" % (path, self.token[:4])


def login(user):
    # finds: global_differs error forkserver spawn
    TOKENS[user] = user[::-1] + "-secret"


def open_session(user):
    global session
    session = Session(TOKENS[user])


def download(path):
    return session.get(path)


def main():
    login("reader")
    with ProcessPoolExecutor(2, initializer=open_session, initargs=("reader",)) as executor:
        for line in executor.map(download, ["/users", "/groups"]):
            print(line)


if __name__ == "__main__":
    main()
