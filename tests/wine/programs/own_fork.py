"""Start a helper by os.fork."""

import os

if __name__ == "__main__":
    # finds: unix_only
    pid = os.fork()
    if pid == 0:
        print("the helper works")
        os._exit(0)
    os.waitpid(pid, 0)
