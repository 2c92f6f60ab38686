from concurrent.futures import ProcessPoolExecutor

# finds: main_runs_again differs forkserver spawn
print("loading rules")
RULES = {n: n * n for n in range(10)}


def apply(n):
    return RULES[n]


def main():
    with ProcessPoolExecutor(2) as executor:
        print("sum", sum(executor.map(apply, range(10))))


if __name__ == "__main__":
    main()
