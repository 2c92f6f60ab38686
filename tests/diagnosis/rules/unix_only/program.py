"""Start a helper by os.fork."""

# python: wine-3.12

import os

if __name__ == "__main__":
    # finds: unix_only error spawn
    pid = os.fork()
    if pid == 0:
        print("the helper works")
        os._exit(0)
    os.waitpid(pid, 0)
