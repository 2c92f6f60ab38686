"""Loudness of tracks, measured by processes that take them from a queue."""

from multiprocessing import JoinableQueue, Process


def measure(tracks):
    while True:
        print(tracks.get(), "is loud")
        tracks.task_done()


def main():
    tracks = JoinableQueue()
    for name in ("first", "second"):
        tracks.put(name)
    meter = Process(target=measure, args=(tracks,), daemon=True)
    meter.start()
    tracks.join()


# finds: unguarded_main hang forkserver spawn
main()
