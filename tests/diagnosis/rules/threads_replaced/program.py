# with: gevent
# timeout: 15
from gevent import monkey

monkey.patch_all()

from multiprocessing import Pool


def weigh(parcel):
    return len(parcel)


def main():
    # finds: threads_replaced hang fork forkserver spawn
    with Pool(2) as pool:
        print(pool.map(weigh, ["ab", "c", "defg"]))


if __name__ == "__main__":
    main()
