import datetime
import json
import sys
from multiprocessing import Process

DAY = datetime.date(2024, 2, 29)


def as_text(encoder, value):
    return value.isoformat()


def export():
    json.dumps({"day": DAY})


def main():
    # finds: setting_differs error forkserver spawn
    json.JSONEncoder.default = as_text
    exporter = Process(target=export)
    exporter.start()
    exporter.join()
    sys.exit(exporter.exitcode)


if __name__ == "__main__":
    main()
