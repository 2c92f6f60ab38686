# needs: 3
# The clock ends the wait for a signal.
import signal

assert signal.sigtimedwait([signal.SIGUSR1], 1.2) is None
