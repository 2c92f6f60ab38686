import multiprocessing
import os

import pytest


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    """One for each process that runs tests: nothing of another one is in it."""
    path = tmp_path_factory.mktemp("database") / "rows"
    path.write_text("")
    yield path
    assert path.read_text() == f"{os.getpid()}\n"


@pytest.fixture(scope="module")
def pool():
    with multiprocessing.Pool(1) as pool:
        yield pool
