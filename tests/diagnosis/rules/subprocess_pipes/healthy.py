import subprocess
import sys

REPORT = "for number in range(40_000): print(number)"


def main():
    process = subprocess.Popen([sys.executable, "-c", REPORT], stdout=subprocess.PIPE)
    print(len(process.communicate()[0].split()))


if __name__ == "__main__":
    main()
