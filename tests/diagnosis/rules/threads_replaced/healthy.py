# with: gevent
# timeout: 15
from multiprocessing import Pool

import gevent


def weigh(parcel):
    return len(parcel)


def main():
    gevent.sleep(0)
    with Pool(2) as pool:
        print(pool.map(weigh, ["ab", "c", "defg"]))


if __name__ == "__main__":
    main()
