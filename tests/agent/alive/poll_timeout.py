# The clock wakes it: poll(2) with a timeout on a pipe that no other process holds.
import os
import select

read, write = os.pipe()
poll = select.poll()
poll.register(read)
assert poll.poll(1200) == []
