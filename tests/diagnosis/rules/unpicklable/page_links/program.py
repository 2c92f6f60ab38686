import asyncio
from concurrent.futures import ProcessPoolExecutor


async def count_links(text):
    return text.count("href")


async def main():
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1) as pool:
        # finds: unpicklable_result error fork forkserver spawn
        print(await loop.run_in_executor(pool, count_links, "<a href='/docs'>"))


if __name__ == "__main__":
    asyncio.run(main())
