"""Each process writes its rows below the one header."""
from multiprocessing import Process
out = open("rows.csv", "a")


def write(name):
    out.write("%s\n" % name)
    out.flush()


def main():
    out.write("name\n")
    for name in ("north", "south"):
        process = Process(target=write, args=(name,))
        out.flush()
        process.start()
        process.join()
    out.close()
    with open("rows.csv") as rows:
        print(rows.read().count("name"), "header lines")


if __name__ == "__main__":
    main()
