from concurrent.futures import ProcessPoolExecutor
from unittest import mock

import rates


def test_total():
    # finds: patched_in_parent error forkserver spawn
    with mock.patch("rates.fetch", lambda currency: 2):
        with ProcessPoolExecutor(1) as pool:
            assert pool.submit(rates.total, 10).result() == 20


if __name__ == "__main__":
    test_total()
    print("ok")
