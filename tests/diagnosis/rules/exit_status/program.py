# finds: exit_status error fork forkserver spawn, at no line
import sys

LINKS = {"home": 200, "blog": 404}


def main():
    broken = [page for page, status in LINKS.items() if status != 200]
    for page in broken:
        print("broken link:", page)
    return 3 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
