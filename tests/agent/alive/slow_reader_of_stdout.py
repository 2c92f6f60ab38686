# slow reader
# A process outside is slow to read our output.
import os

data = b"x" * 300000
while data:
    data = data[os.write(1, data) :]
