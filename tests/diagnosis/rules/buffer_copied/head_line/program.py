"""A file that is opened when the script begins, with a head line."""
from multiprocessing import Process

# finds: buffer_copied differs fork
out = open("parts.txt", "w")


def work(n):
    out.write("part %d\n" % n)
    out.flush()


if __name__ == "__main__":
    out.write("head line\n")
    for n in range(2):
        process = Process(target=work, args=(n,))
        process.start()
        process.join()
    out.close()
    with open("parts.txt") as written:
        print(written.read().count("head line"), "head lines")
