from multiprocessing import Pool


class Rejected(Exception):
    # finds: unreadable_result hang fork forkserver spawn
    def __init__(self, field, value):
        super().__init__("%s may not be %r" % (field, value))
        self.field = field


def check(row):
    if row < 0:
        raise Rejected("amount", row)
    return row


def main():
    with Pool(2) as pool:
        try:
            print(sum(pool.map(check, [1, 2, -3, 4])))
        except Rejected as error:
            print("rejected", error)


if __name__ == "__main__":
    main()
