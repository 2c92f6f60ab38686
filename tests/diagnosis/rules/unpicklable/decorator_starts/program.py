"""Rows that a process of its own transforms; the decorator starts it."""

from multiprocessing import JoinableQueue, Process


def serve(function, rows):
    while True:
        function(rows.get())
        rows.task_done()


def in_a_process(function):
    rows = JoinableQueue()
    server = Process(target=serve, args=(function, rows), daemon=True)
    # finds: unpicklable error forkserver spawn
    server.start()

    def put(row):
        rows.put(row)

    put.join = rows.join
    return put


@in_a_process
def transform(row):
    print(row.strip(), flush=True)


def main():
    transform(" tea ")
    transform.join()


if __name__ == "__main__":
    main()
