from multiprocessing import Manager, Process


def report(prices):
    # finds: proxy_without_manager error fork forkserver spawn
    for name in prices:
        print(name, prices[name])


def main():
    with Manager() as manager:
        prices = manager.dict({"tea": 4, "coffee": 12})
        child = Process(target=report, args=(prices,))
        child.start()
        child.join()
        raise SystemExit(child.exitcode)


if __name__ == "__main__":
    main()
