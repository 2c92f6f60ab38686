# needs: 3
# The event loop's clock.
import asyncio

asyncio.new_event_loop().run_until_complete(asyncio.sleep(1.2))
