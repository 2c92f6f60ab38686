import json
from concurrent.futures import ProcessPoolExecutor
from unittest import mock


def read(text):
    return json.loads(text)


# finds: patched_in_parent error forkserver spawn
@mock.patch.object(json.JSONDecoder, "raw_decode", lambda self, text, idx=0: (text, len(text)))
def check():
    with ProcessPoolExecutor(1) as pool:
        print(pool.submit(read, "tea").result())


if __name__ == "__main__":
    check()
