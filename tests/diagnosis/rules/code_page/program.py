"""Tell which hosts answer, with a mark before each."""

# python: wine-3.12

from multiprocessing import Pool


def check(host):
    return host, host != "gamma"


if __name__ == "__main__":
    with Pool(2) as pool:
        for host, answers in pool.map(check, ["alpha", "beta", "gamma"]):
            # finds: code_page error spawn
            print("✓" if answers else "✗", host)
