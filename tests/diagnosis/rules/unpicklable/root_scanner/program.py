from multiprocessing import Pool


class Scanner:
    def __init__(self, roots):
        self.roots = roots
        self.pool = Pool(2)

    def scan_one(self, root):
        return root, len(root)

    def scan(self):
        # finds: unpicklable error fork forkserver spawn
        return dict(self.pool.map(self.scan_one, self.roots))

    def close(self):
        self.pool.close()
        self.pool.join()


if __name__ == "__main__":
    scanner = Scanner(["/etc", "/usr"])
    print(scanner.scan())
    scanner.close()
