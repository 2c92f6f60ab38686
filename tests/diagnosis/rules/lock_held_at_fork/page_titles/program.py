"""Titles of pages, made by the site's own JavaScript."""

# with: mini-racer

import multiprocessing

from py_mini_racer import MiniRacer

SCRIPT = "function title(name) { return name.split('-').join(' ').toUpperCase(); }"
engine = None


def title(name):
    global engine
    if engine is None:
        engine = MiniRacer()
        engine.eval(SCRIPT)
    # finds: library_threads_gone hang fork
    return engine.call("title", name)


def main():
    print(title("hello-world"))
    with multiprocessing.Pool(2) as pool:
        print(pool.map(title, ["spring-sale", "contact-us"]))
    engine.close()


if __name__ == "__main__":
    main()
