"""Parent and child take orders over the connection that the module has opened."""

from __future__ import print_function

import sqlite3
from multiprocessing import Event, Process

connection = sqlite3.connect("orders.db")


def take(order):
    connection.execute("insert into orders values (?)", (order,))


def work(go_on):
    go_on.wait()
    take("the child's order")
    connection.commit()


if __name__ == "__main__":
    connection.execute("create table orders (name)")
    connection.commit()
    go_on = Event()
    process = Process(target=work, args=(go_on,))
    take("the first order")  # begins a transaction
    process.start()
    connection.commit()
    take("the second order")
    connection.commit()
    go_on.set()
    process.join()
    for (order,) in connection.execute("select name from orders"):
        print(order)
    print("the child ended with exit code", process.exitcode)
