# wide
# A daemon at rest: it polls its own socket, to which Python writes when a signal has come.
import selectors
import signal
import socket

reader, writer = socket.socketpair()
writer.setblocking(False)
signal.set_wakeup_fd(writer.fileno())
signal.signal(signal.SIGTERM, lambda *_: None)
selector = selectors.DefaultSelector()
selector.register(reader, selectors.EVENT_READ)
print("ready", flush=True)
selector.select()
