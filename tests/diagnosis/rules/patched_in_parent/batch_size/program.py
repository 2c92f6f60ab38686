import unittest
from multiprocessing import Pool
from unittest import mock

import orders

# It holds all the time, and nothing uses it.
mock.patch.object(orders, "unused", create=True).start()


class BatchesTest(unittest.TestCase):
    # finds: patched_in_parent error forkserver spawn
    @mock.patch.object(orders.Batches, "size", 2)
    def test_batches(self):
        with Pool(1) as pool:
            self.assertEqual(pool.apply(orders.batches, ([1, 2, 3],)), [[1, 2], [3]])


if __name__ == "__main__":
    unittest.main()
