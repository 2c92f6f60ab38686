# needs: 3
# The event loop waits forever on its own sockets; a thread of it sleeps.
import asyncio
import time

loop = asyncio.new_event_loop()
loop.run_until_complete(loop.run_in_executor(None, time.sleep, 1.2))
