# A module takes its time to be imported, in a thread; the main thread wants it, too.
import os
import sys
import threading
import time

place = sys.argv[1]
with open(place + "/slowly.py", "w") as file:
    file.write("import time; time.sleep(1.2)")
sys.path.insert(0, place)
thread = threading.Thread(target=__import__, args=("slowly",))
thread.start()
time.sleep(0.1)
import slowly  # noqa
thread.join()
