import logging
import multiprocessing
import socket


def main():
    logging.getLogger("downloads").setLevel(logging.DEBUG)
    # finds: setting_differs error forkserver spawn
    socket.setdefaulttimeout(3.5)
    with multiprocessing.Pool(1) as pool:
        patience = pool.apply(socket.getdefaulttimeout)
    assert patience == 3.5, f"{patience} is not 3.5"
    print("workers are as patient as we are")


if __name__ == "__main__":
    main()
