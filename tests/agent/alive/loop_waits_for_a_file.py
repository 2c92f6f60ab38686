# outside
# Somebody outside makes a file, after a while; a loop sleeps and looks for it.
import os
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    time.sleep(9)
    open(place + "/file", "w").close()
    sys.exit()
while not os.path.exists(place + "/file"):
    time.sleep(0.1)
