# outside
# needs: 3
# It waits for a signal, and a process outside sends it.
import os
import signal
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    time.sleep(1.2)
    os.kill(int(open(place + "/ready").read()), signal.SIGUSR1)
else:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    with open(place + "/part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(place + "/part", place + "/ready")
    signal.sigwait([signal.SIGUSR1])
