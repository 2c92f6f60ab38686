"""Resizing of pictures, by a function that a package's decorator has made another object of."""

# with: wrapt

import multiprocessing

import wrapt


@wrapt.decorator
def logged(wrapped, instance, args, kwargs):
    print("->", wrapped.__name__, args)
    return wrapped(*args, **kwargs)


@logged
def resize(name):
    print("resized", name)


def main():
    job = multiprocessing.Process(target=resize, args=("a.png",))
    # finds: unpicklable error forkserver spawn
    job.start()
    job.join()


if __name__ == "__main__":
    main()
