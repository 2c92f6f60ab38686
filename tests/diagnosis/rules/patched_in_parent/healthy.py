from concurrent.futures import ProcessPoolExecutor
from unittest import mock

import rates


def fixed_rate():
    rates.fetch = lambda currency: 2


def test_total():
    with mock.patch("rates.fetch", lambda currency: 2):
        with ProcessPoolExecutor(1, initializer=fixed_rate) as pool:
            assert pool.submit(rates.total, 10).result() == 20


if __name__ == "__main__":
    test_total()
    print("ok")
