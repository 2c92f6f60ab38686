import subprocess
import sys

SHOUT = "import sys; print(sys.stdin.read().upper())"


def main():
    process = subprocess.Popen(
        [sys.executable, "-c", SHOUT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    process.stdin.write("hello\n")
    process.stdin.close()
    print(process.stdout.read())
    process.stdout.close()
    process.wait()


if __name__ == "__main__":
    main()
