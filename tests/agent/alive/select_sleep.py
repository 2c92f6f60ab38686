# The clock wakes it: select(2) as a sleep, in a loop, as short as a poller's.
import select

for _ in range(12):
    select.select([], [], [], 0.1)
