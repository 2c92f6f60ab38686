import asyncio
from concurrent.futures import ProcessPoolExecutor


def count_links(text):
    return text.count("href")


async def main():
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1) as pool:
        print(await loop.run_in_executor(pool, count_links, "<a href='/docs'>"))


if __name__ == "__main__":
    asyncio.run(main())
