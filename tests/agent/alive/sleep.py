# The clock wakes it.
import time

time.sleep(1.2)
