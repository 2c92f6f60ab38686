# The owner of a robust mutex is killed by its timer; the kernel hands the mutex on.
import ctypes
import mmap
import os
import signal

try:
    libc = ctypes.CDLL("libpthread.so.0")
    libc.pthread_mutexattr_setrobust
except (OSError, AttributeError):
    libc = ctypes.CDLL(None)
memory = mmap.mmap(-1, 4096)
mutex = ctypes.c_char.from_buffer(memory)
attributes = ctypes.create_string_buffer(64)
libc.pthread_mutexattr_init(attributes)
libc.pthread_mutexattr_setpshared(attributes, 1)
libc.pthread_mutexattr_setrobust(attributes, 1)
assert libc.pthread_mutex_init(ctypes.byref(mutex), attributes) == 0
read, write = os.pipe()
child = os.fork()
if child == 0:
    signal.alarm(2)
    assert libc.pthread_mutex_lock(ctypes.byref(mutex)) == 0
    os.write(write, b"x")
    os.read(os.pipe()[0], 1)
os.read(read, 1)
assert libc.pthread_mutex_lock(ctypes.byref(mutex)) == 130
os.waitpid(child, 0)
