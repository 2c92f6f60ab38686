# finds: output_differs differs fork forkserver spawn, at no line
"""What a process sees below its own call: a way to tell how it was started."""
import sys
from multiprocessing import Process


def tell():
    frame, names = sys._getframe(), set()
    while frame is not None:
        names.add(frame.f_code.co_name)
        frame = frame.f_back
    print("deep" if "_launch" in names else "shallow", flush=True)


if __name__ == "__main__":
    process = Process(target=tell)
    process.start()
    process.join()
