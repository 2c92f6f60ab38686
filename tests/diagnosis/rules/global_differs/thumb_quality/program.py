import argparse
from concurrent.futures import ProcessPoolExecutor

options = argparse.Namespace(quality=75, fast=False)


def thumbnail(name):
    return "%s.q%d" % (name, options.quality)


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--quality", type=int, default=90)
    parser.add_argument("--fast", action="store_true")
    parser.parse_args(argv, namespace=options)
    # finds: global_differs differs forkserver spawn
    options.quality = 90
    with ProcessPoolExecutor(2) as executor:
        for each in executor.map(thumbnail, ["cat", "dog"]):
            print(each)


if __name__ == "__main__":
    main()
