from multiprocessing import Pool

FACTORS = {"km": 1}


def metres(job):
    value, unit = job
    return value * FACTORS.get(unit, 0) * 1000


def main():
    # finds: global_differs error forkserver spawn
    FACTORS["mile"] = 1.609
    with Pool(2) as pool:
        found = pool.map(metres, [(1, "km"), (2, "mile")])
    assert all(found), "a unit is unknown: %s" % found
    print(found)


if __name__ == "__main__":
    main()
