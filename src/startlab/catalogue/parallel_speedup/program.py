"""Do two processes, and do two threads, run pure Python at the same time?

The amount of work done says little on a machine that is busy with other things. So each worker
notes in which moments, a fifth of a millisecond long, it got anything done. Workers that take turns
have no moments in common except where one hands over to the other, because turns are far longer
than a moment; workers that run in parallel have many in a row.
"""

from __future__ import print_function

import multiprocessing
import os
import sys
import threading
import time

clock = getattr(time, "perf_counter", time.time)  # one clock for all processes; 2.7 has no other
MOMENTS_PER_SECOND = 5000
AT_ONCE = 5  # moments in a row, a millisecond
ROUNDS = 8  # of both kinds in turn; each round has new workers, each on a core of its own
MOST_ROUNDS = 30  # if the cores are so busy that no two processes ran in parallel in eight
ROUND_SECONDS = 0.05


def allowed_cores():
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(multiprocessing.cpu_count()))


def stay_on(core):
    """Bind the calling thread to a core: on a busy machine both workers may be put on one."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [core])
    elif sys.platform.startswith("linux"):  # 2.7
        import ctypes

        mask = ctypes.c_ulong(1 << core)
        ctypes.CDLL(None).sched_setaffinity(0, ctypes.sizeof(mask), ctypes.byref(mask))


def work(core, until):
    """Compute on one core up to a time; return how much was done, by moment."""
    stay_on(core)
    numbers = list(range(200))
    done = {}
    now = clock()
    while now < until:
        for number in numbers:
            number * number
        now = clock()
        moment = int(now * MOMENTS_PER_SECOND)
        done[moment] = done.get(moment, 0) + 1
    return done


def work_in_process(core, pipe):
    pipe.send("ready")
    for until in iter(pipe.recv, None):
        pipe.send(work(core, until))


def run_processes(pipes):
    until = clock() + ROUND_SECONDS
    for pipe in pipes:
        pipe.send(until)
    return [pipe.recv() for pipe in pipes]


def run_threads(cores):
    until = clock() + ROUND_SECONDS
    results = []
    threads = [
        threading.Thread(target=lambda core=core: results.append(work(core, until)))
        for core in cores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def longest_in_common(results):
    """Return the length of the longest row of moments in which both workers got something done."""
    first, second = results
    longest = row = 0
    previous = None
    for moment in sorted(set(first) & set(second)):
        row = row + 1 if previous == moment - 1 else 1
        longest = max(longest, row)
        previous = moment
    return longest


if __name__ == "__main__":
    if sys.version_info < (3,):
        sys.setcheckinterval(10 ** 6)  # 2.7 counts instructions; newer ones switch after 5 ms
    cores = allowed_cores()[:2]
    pipes, workers = [], []
    for core in cores:
        here, there = multiprocessing.Pipe()
        workers.append(multiprocessing.Process(target=work_in_process, args=(core, there)))
        pipes.append(here)
    for worker in workers:
        worker.start()
    for pipe in pipes:
        pipe.recv()  # from here on it does not matter how long a process takes to start

    longest = {"threads": 0, "processes": 0}
    amount = {"threads": [], "processes": []}
    for number in range(MOST_ROUNDS):
        if number >= ROUNDS and longest["processes"] > AT_ONCE:
            break
        for kind, results in ("threads", run_threads(cores)), ("processes", run_processes(pipes)):
            longest[kind] = max(longest[kind], longest_in_common(results))
            amount[kind].append(sum(sum(done.values()) for done in results))

    for pipe in pipes:
        pipe.send(None)
    for worker in workers:
        worker.join()
    print("rounds in each of which two processes did so many times the work of two threads:")
    for processes, threads in zip(amount["processes"], amount["threads"]):
        if processes and threads:  # a machine that is very busy may give one of them no core at all
            print("%.2f times" % (processes / float(threads)))
    for kind in "threads", "processes":
        milliseconds = longest[kind] * 1000.0 / MOMENTS_PER_SECOND
        print("two %s got on side by side for %.1f ms at a stretch" % (kind, milliseconds))
    threads, processes = [
        "ran at once" if longest[kind] > AT_ONCE else "took turns"
        for kind in ("threads", "processes")
    ]
    print("threads %s, processes %s" % (threads, processes))
