"""The process is started before there is a connection, and each has its own."""

from __future__ import print_function

import sqlite3
from multiprocessing import Event, Process


def take(connection, order):
    connection.execute("insert into orders values (?)", (order,))


def work(go_on):
    go_on.wait()
    connection = sqlite3.connect("orders.db")
    take(connection, "the child's order")
    connection.commit()
    connection.close()


if __name__ == "__main__":
    go_on = Event()
    process = Process(target=work, args=(go_on,))
    process.start()
    connection = sqlite3.connect("orders.db")
    connection.execute("create table orders (name)")
    connection.commit()
    take(connection, "the first order")  # begins a transaction
    connection.commit()
    take(connection, "the second order")
    connection.commit()
    go_on.set()
    process.join()
    for (order,) in connection.execute("select name from orders"):
        print(order)
    print("the child ended with exit code", process.exitcode)
