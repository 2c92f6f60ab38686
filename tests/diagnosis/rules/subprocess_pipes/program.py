import subprocess
import sys

REPORT = "for number in range(40_000): print(number)"


def main():
    process = subprocess.Popen([sys.executable, "-c", REPORT], stdout=subprocess.PIPE)
    # finds: output_not_read hang fork forkserver spawn
    process.wait()
    print(len(process.stdout.read().split()))


if __name__ == "__main__":
    main()
