import decimal
from multiprocessing import Pool


def tax(amount):
    return amount * decimal.Decimal("0.0775") / 3


def main():
    # finds: setting_differs differs forkserver spawn
    decimal.getcontext().prec = 5
    with Pool(2) as pool:
        for value in pool.map(tax, [decimal.Decimal(10), decimal.Decimal(20)]):
            print("tax", value)


if __name__ == "__main__":
    main()
