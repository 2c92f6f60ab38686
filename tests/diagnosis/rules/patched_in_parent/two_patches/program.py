import unittest
from unittest import mock

import shop


class BillTest(unittest.TestCase):
    def setUp(self):
        greeter = mock.patch("shop.greet", return_value="Hello!")
        greeter.start()
        self.addCleanup(greeter.stop)

    # finds: patched_in_parent error forkserver spawn
    @mock.patch("shop.price", lambda item: 1)
    def test_bill(self):
        self.assertEqual(shop.bill("tea"), ("Hello!", 1))


if __name__ == "__main__":
    unittest.main()
