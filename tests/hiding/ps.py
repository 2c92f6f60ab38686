"""ps(1) as macOS has it, of this machine's processes; of the one call that startlab makes."""

import os
import time

COLUMNS = "pid=,ppid=,pgid=,stat=,time=,lstart=,command="
TICKS = os.sysconf("SC_CLK_TCK")
STATES = {"D": "U", "t": "T", "I": "S"}


def shown(args):
    """Give what `ps -axwwo COLUMNS` would print."""
    assert args[1:] == ["-axwwo", COLUMNS], args
    with open("/proc/stat") as file:
        booted = int(file.read().partition("btime ")[2].split()[0])
    rows = (_row(int(name), booted) for name in os.listdir("/proc") if name.isdigit())
    return b"".join(row for row in rows if row)


def _row(pid, booted):
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            stat = file.read()
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            command = file.read().replace(b"\0", b" ").replace(b"\n", b"\\n").strip()
    except OSError:
        return None  # it has ended meanwhile
    name, _, rest = stat.partition(b"(")[2].rpartition(b")")
    fields = rest.decode().split()
    state = STATES.get(fields[0], fields[0])
    minutes, seconds = divmod((int(fields[11]) + int(fields[12])) / TICKS, 60)
    started = time.strftime("%a %b %e %H:%M:%S %Y", time.localtime(booted + int(fields[19]) / TICKS))
    shown = (pid, fields[1], fields[2], state, minutes, seconds, started)
    before = "%5d %5s %5s %-4s %3d:%05.2f %s " % shown
    return before.encode() + (command or b"(" + name + b")") + b"\n"
