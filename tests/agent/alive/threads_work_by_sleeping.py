# needs: 3.2
# Main waits for a future; a thread does one short thing after the other until it is there.
import time
from concurrent.futures import ThreadPoolExecutor


def work():
    time.sleep(0.1)


with ThreadPoolExecutor(2) as executor:
    for future in [executor.submit(work) for _ in range(140)]:
        future.result()
