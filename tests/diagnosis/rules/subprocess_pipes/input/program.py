import subprocess
import sys

SHOUT = "import sys; print(sys.stdin.read().upper())"


def main():
    process = subprocess.Popen(
        [sys.executable, "-c", SHOUT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    process.stdin.write("hello\n")
    process.stdin.flush()
    # finds: input_not_closed hang fork forkserver spawn
    print(process.stdout.read())
    process.wait()


if __name__ == "__main__":
    main()
