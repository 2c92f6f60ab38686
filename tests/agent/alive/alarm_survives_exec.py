# ITIMER_REAL survives execve(2): cat, which has never heard of it, is killed; its parent goes on.
import os
import signal

read, write = os.pipe()
child = os.fork()
if child == 0:
    os.dup2(read, 0)
    os.dup2(write, 9)
    signal.alarm(2)
    os.execvp("cat", ["cat"])
assert os.waitpid(child, 0)[1] == signal.SIGALRM
