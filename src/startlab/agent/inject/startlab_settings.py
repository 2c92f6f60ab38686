"""The settings of the interpreter and of libraries that parent and children are compared by.

One table for both sides: what is put into a program tells a setting by its key here, and leaves it
out where it is as `usual`; an experiment changes it with the others of its `registry`, and tells what
it is in parent and child. Nothing but data: startlab's own side reads this file and imports nothing
of the agent.

A key is what the program would write, with `{0}` for what it is called there, its part. The line
that sets it, where no experiment has found it, is the first that fits a pattern of `set_by`, in
which `{0}` is the part's last name.
"""

SETTINGS = {
    "decimal.getcontext().{0}": {
        "usual": {
            "prec": "28",
            "rounding": "ROUND_HALF_EVEN",
            "Emin": "-999999",
            "Emax": "999999",
            "capitals": "1",
            "clamp": "0",
            "traps": "DivisionByZero InvalidOperation Overflow",
        },
        "set_by": (r"\.{0}\s*=[^=]", r"setcontext\(|\bContext\("),
        "registry": "decimal",
    },
    "sys.getrecursionlimit()": {
        "usual": "1000",
        "set_by": (r"setrecursionlimit\(",),
        "registry": "recursion limit",
    },
    "sys.get_int_max_str_digits()": {  # usual is what the flags say
        "set_by": (r"set_int_max_str_digits\(",),
        "registry": "int digits",
    },
    "threading.stack_size()": {
        "usual": "the system's default",
        "set_by": (r"\bstack_size\(\s*[^)\s]",),
    },
    "sys.getswitchinterval()": {
        "usual": "0.005",
        "set_by": (r"setswitchinterval\(",),
        "registry": "switch interval",
    },
    "os.umask()": {  # a fork server has that of its own start
        "usual": "0o22",
        "set_by": (r"umask\(\s*[^)\s]",),
        "registry": "umask",
    },
    "socket.getdefaulttimeout()": {
        "usual": "None",
        "set_by": (r"setdefaulttimeout\(",),
        "registry": "socket",
    },
    "locale.setlocale(locale.{0})": {
        "usual": "C",
        "set_by": (r"setlocale\(",),
        "registry": "locale",
    },
    "csv.field_size_limit()": {
        "usual": "131072",
        "set_by": (r"field_size_limit\(",),
        "registry": "csv",
    },
    "csv.list_dialects()": {
        "usual": "",
        "registry": "csv",
    },
    "warnings.filters": {  # usual is whatever the parent has
        "registry": "warnings",
    },
    "logging.getLogger({0})": {
        "usual": "",
        "registry": "logging",
    },
    "logging.disable()": {
        "usual": "NOTSET",
        "registry": "logging",
    },
    "signal.getsignal(signal.{0})": {
        "usual": "",
        "set_by": (r"\bsignal\(.*\b{0}\b",),
        "registry": "signal handlers",
    },
    "sys.{0}": {
        "usual": "an io.TextIOWrapper",
        "set_by": (r"sys\.{0}\s*=[^=]|redirect_{0}\(", r"\b{0}\s*=[^=]"),
    },
    "os.fstat({0})": {  # where the output goes: not usual at all
        "set_by": (r"\bcapfd|\bdup2\(",),
    },
    "builtins.{0}": {
        "usual": "",
        "registry": "builtins",
    },
    "{0}.registry": {  # of a function made by functools.singledispatch
        "usual": "object",
        "set_by": (r"\b{0}\.register\b",),
        "registry": "dispatch",
    },
    "{0}": {  # what the program has put into a module of others: not usual at all
        "usual": "",
    },
}
