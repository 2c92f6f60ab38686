# with: aiosqlite
import asyncio
import multiprocessing

import aiosqlite


async def total():
    async with aiosqlite.connect(":memory:") as db, db.execute("select 3 + 5") as rows:
        return (await rows.fetchone())[0]


def report():
    print("report:", asyncio.run(total()), flush=True)


def main():
    child = multiprocessing.Process(target=report)
    child.start()
    child.join()
    print("main:", asyncio.run(total()), flush=True)


if __name__ == "__main__":
    main()
