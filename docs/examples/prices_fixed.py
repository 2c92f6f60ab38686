from multiprocessing import Pool

rates = {}


def set_rates(current):
    rates.update(current)


def in_euros(dollars):
    return round(dollars * rates["USD"], 2)


if __name__ == "__main__":
    with Pool(2, initializer=set_rates, initargs=({"USD": 0.92},)) as pool:
        print(pool.map(in_euros, [10, 25]))
