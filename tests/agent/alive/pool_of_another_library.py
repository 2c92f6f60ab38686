# needs: 3
# A loop that looks as a pool's, from a library's own copy of multiprocessing, and acts later.
import os
import sys
import threading

place = sys.argv[1]
os.mkdir(place + "/multiprocessing")
path = place + "/multiprocessing/pool.py"
with open(path, "w") as file:
    file.write(
        "import os, select\n"
        "def _handle_workers(write):\n"
        "    for _ in range(7):\n"
        "        select.select([], [], [], 0.5)\n"
        "    os.write(write, b'x')\n"
    )
module = {}
exec(compile(open(path).read(), path, "exec"), module)
read, write = os.pipe()
threading.Thread(target=module["_handle_workers"], args=(write,)).start()
assert os.read(read, 1) == b"x"
