import subprocess
import sys

SERVES = "import os, signal; os.fork() and os._exit(0); signal.pause()"


def main():
    # finds: output_kept_open hang fork forkserver spawn
    done = subprocess.run([sys.executable, "-c", SERVES], capture_output=True)
    print(done.returncode)


if __name__ == "__main__":
    main()
