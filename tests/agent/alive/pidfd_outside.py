# outside
# needs: 3.9
# A process outside ends, for which a pidfd is polled.
import os
import select
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    with open(place + "/part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(place + "/part", place + "/ready")
    while not os.path.exists(place + "/polled"):
        time.sleep(0.01)
    time.sleep(1.2)
else:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    poll = select.poll()
    poll.register(os.pidfd_open(int(open(place + "/ready").read())), select.POLLIN)
    open(place + "/polled", "w").close()
    assert poll.poll()
