# needs: 3
# The executor's workers take their time.
import concurrent.futures
import time

if __name__ == "__main__":
    with concurrent.futures.ProcessPoolExecutor(2) as executor:
        list(executor.map(time.sleep, [1.2, 0.1]))
