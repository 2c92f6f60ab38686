# with: faiss-cpu
from multiprocessing import Process, Queue

import faiss
import numpy as np


def nearest(points, wanted):
    index = faiss.IndexFlatL2(points.shape[1])
    index.add(points)
    # finds: native_pool_after_fork hang fork
    return index.search(wanted, 2)[1].shape


def serve(points, wanted, answers):
    answers.put(nearest(points, wanted))


def main():
    faiss.omp_set_num_threads(2)
    points = np.random.default_rng(1).random((20_000, 32), dtype=np.float32)
    print(nearest(points, points[:200]), flush=True)
    answers = Queue()
    server = Process(target=serve, args=(points, points[:200], answers))
    server.start()
    print(answers.get())
    server.join()


if __name__ == "__main__":
    main()
