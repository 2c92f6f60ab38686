"""The child opens a connection of its own, beside the copy that it does not touch."""

from __future__ import print_function

import sqlite3
from multiprocessing import Event, Process

connection = sqlite3.connect("orders.db")


def take(connection, order):
    connection.execute("insert into orders values (?)", (order,))


def work(go_on):
    go_on.wait()
    own = sqlite3.connect("orders.db", timeout=0)  # waiting for the lock would not help
    take(own, "the child's order")
    own.commit()
    own.close()


if __name__ == "__main__":
    connection.execute("create table orders (name)")
    connection.commit()
    go_on = Event()
    process = Process(target=work, args=(go_on,))
    take(connection, "the first order")  # begins a transaction
    process.start()
    connection.commit()
    take(connection, "the second order")
    connection.commit()
    go_on.set()
    process.join()
    for (order,) in connection.execute("select name from orders"):
        print(order)
    print("the child ended with exit code", process.exitcode)
