"""Prices of a shop, each by a worker."""
from multiprocessing import Pool

import shop_prices
import shop_settings


def main():
    shop_settings.load({"percent": 19})
    with Pool(2) as pool:
        print(pool.map(shop_prices.gross, [100, 200]))


if __name__ == "__main__":
    main()
