import argparse
from multiprocessing import Pool


def parse(line):
    parser = argparse.ArgumentParser(prog="query")
    parser.add_argument("--limit", type=int)
    # finds: lost_task hang fork forkserver spawn
    return parser.parse_args(line.split()).limit


def main():
    with Pool(2) as pool:
        for limit in pool.imap(parse, ["--limit 5", "--limit ten"]):
            print(limit)


if __name__ == "__main__":
    main()
