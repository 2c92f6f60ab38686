import unittest
from multiprocessing import Pool
from unittest import mock

import orders


class BatchesTest(unittest.TestCase):
    @mock.patch.object(orders.Batches, "size", 2)
    def test_batches(self):
        self.assertEqual(orders.batches([1, 2, 3]), [[1, 2], [3]])
        with Pool(1) as pool:
            self.assertEqual(pool.apply(len, ([1, 2, 3],)), 3)


if __name__ == "__main__":
    unittest.main()
