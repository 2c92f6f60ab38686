# The clock wakes it: Event.wait(timeout); on 2.7 a loop of short sleeps.
import threading

threading.Event().wait(1.2)
