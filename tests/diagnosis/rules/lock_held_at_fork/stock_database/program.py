# with: aiosqlite
import asyncio
import multiprocessing

import aiosqlite


class Stock:
    async def open(self):
        self.db = await aiosqlite.connect(":memory:")
        return self

    async def total(self):
        async with self.db.execute("select 3 + 5") as rows:
            return (await rows.fetchone())[0]


stock = Stock()


def report():
    async def total():
        if not hasattr(stock, "db"):
            await stock.open()
        print("report:", await stock.total(), flush=True)
        await stock.db.close()

    # finds: thread_gone_at_fork hang fork
    asyncio.run(total())


async def main():
    await stock.open()
    print("main:", await stock.total(), flush=True)
    child = multiprocessing.Process(target=report)
    child.start()
    await asyncio.to_thread(child.join)
    await stock.db.close()


if __name__ == "__main__":
    asyncio.run(main())
