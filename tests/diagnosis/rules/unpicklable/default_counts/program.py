"""Counts the letters of words, a process for each list of words."""

import collections
import multiprocessing


def letters(words):
    counts = collections.defaultdict(lambda: 0)
    for word in words:
        counts[word[0]] += 1
    # finds: unpicklable_result error fork forkserver spawn
    return counts


if __name__ == "__main__":
    with multiprocessing.Pool(1) as pool:
        print(sorted(pool.apply(letters, (["ape", "ant", "bee"],)).items()))
