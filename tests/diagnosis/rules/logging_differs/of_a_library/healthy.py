import logging
import warnings
from multiprocessing import Process, get_start_method


def work():
    print("working", flush=True)


if __name__ == "__main__":
    logging.getLogger("shop.prices").addHandler(logging.NullHandler())
    logging.getLogger("shop.orders").setLevel(logging.INFO)
    if get_start_method() == "fork":
        warnings.warn("as a module warns that is compiled anew")
    child = Process(target=work)
    child.start()
    child.join()
