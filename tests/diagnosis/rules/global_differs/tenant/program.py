import contextvars
from multiprocessing import Process, Queue

TENANT = contextvars.ContextVar("TENANT", default="nobody")


def bill(out):
    out.put("bill for " + TENANT.get())


def main():
    # finds: global_differs differs forkserver spawn
    TENANT.set("acme")
    out = Queue()
    process = Process(target=bill, args=(out,))
    process.start()
    print(out.get())
    process.join()


if __name__ == "__main__":
    main()
