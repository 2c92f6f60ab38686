from concurrent.futures import ProcessPoolExecutor, as_completed


class QuotaExceeded(Exception):
    def __init__(self, user, used, limit):
        super().__init__("%s uses %d of %d MB" % (user, used, limit))
        self.user = user
        self.args = (user, used, limit)
        self.used = used
        self.limit = limit


LIMITS = {"ann": 100, "ben": 50, "cy": 80}


def check(user, used):
    if used > LIMITS[user]:
        raise QuotaExceeded(user, used, LIMITS[user])
    return user, LIMITS[user] - used


def main():
    with ProcessPoolExecutor(max_workers=2) as executor:
        futures = [executor.submit(check, *each) for each in [("ann", 20), ("ben", 70), ("cy", 80)]]
        report = []
        for future in as_completed(futures):
            try:
                user, free = future.result()
                report.append("%s: %d MB free" % (user, free))
            except QuotaExceeded as error:
                report.append("%s: over quota by %d MB" % (error.user, error.used - error.limit))
    print("\n".join(sorted(report)))


if __name__ == "__main__":
    main()
