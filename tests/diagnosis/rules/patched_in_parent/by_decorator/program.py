# with: requests responses

import multiprocessing

import requests
import responses

URL = "http://127.0.0.1:9/rates/EUR"


def rate(url):
    return requests.get(url, timeout=5).json()["rate"]


# finds: patched_in_parent error forkserver spawn
@responses.activate
def check_rates():
    responses.get(URL, json={"rate": 1.1})
    with multiprocessing.Pool(1) as pool:
        assert pool.map(rate, [URL]) == [1.1]


if __name__ == "__main__":
    check_rates()
    print("ok")
