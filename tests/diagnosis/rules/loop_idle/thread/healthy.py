import asyncio
from concurrent.futures import ProcessPoolExecutor


def render(frame):
    return frame * frame


async def main(pool, frames):
    done = asyncio.Event()
    pictures = []
    loop = asyncio.get_running_loop()

    def collect(future):
        pictures.append(future.result())
        if len(pictures) == len(frames):
            loop.call_soon_threadsafe(done.set)

    for frame in frames:
        pool.submit(render, frame).add_done_callback(collect)
    await done.wait()
    print(sorted(pictures))


if __name__ == "__main__":
    with ProcessPoolExecutor(1) as pool:
        asyncio.run(main(pool, [1, 2, 3]))
