"""The settings of the interpreter and of libraries that parent and children are compared by.

One table for both sides: what is put into a program tells a setting by its key here, and leaves it
out where it is as `usual`; the rule about settings finds by the other columns what sets it and what
it changes. Nothing but data: startlab's own side reads this file and imports nothing of the agent.

A key is what the program would write, with `{0}` for what it is called there, its part. In the
patterns `{0}` is the part's last name. `set_by` finds the line that sets it; `raises` is searched
in the exception of a child: without it, that is never due to it. What is `printed` shows in the
output without an exception. An experiment has it as its `registry`. The first that fits counts.
"""

SET_UP = r"basicConfig\(|dictConfig\(|fileConfig\("

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
        "set_by": (r"\.{0}\s*=[^=]", r"\.{0}\[", r"setcontext\(|\bContext\("),
        "raises": r"\b(InvalidOperation|DivisionByZero|Overflow|Inexact|Rounded|FloatOperation)\b",
        "printed": True,
        "registry": "decimal",
    },
    "sys.getrecursionlimit()": {
        "usual": "1000",
        "set_by": (r"setrecursionlimit\(",),
        "raises": r"RecursionError",
        "registry": "recursion limit",
    },
    "sys.get_int_max_str_digits()": {  # usual is what the flags say
        "set_by": (r"set_int_max_str_digits\(",),
        "raises": r"Exceeds the limit .*integer string conversion",
        "registry": "int digits",
    },
    "threading.stack_size()": {
        "usual": "the system's default",
        "set_by": (r"\bstack_size\(\s*[^)\s]",),
        "raises": r"can't start new thread",
    },
    "sys.getswitchinterval()": {
        "usual": "0.005",
        "set_by": (r"setswitchinterval\(",),
        "registry": "switch interval",
    },
    "socket.getdefaulttimeout()": {
        "usual": "None",
        "set_by": (r"setdefaulttimeout\(",),
        "registry": "socket",
    },
    "locale.setlocale(locale.{0})": {
        "usual": "C",
        "set_by": (r"setlocale\(",),
        "raises": r"locale|could not convert|does not match format",
        "printed": True,
        "registry": "locale",
    },
    "csv.field_size_limit()": {
        "usual": "131072",
        "set_by": (r"field_size_limit\(",),
        "raises": r"field limit",
        "registry": "csv",
    },
    "csv.list_dialects()": {
        "usual": "",
        "set_by": (r"register_dialect\(",),
        "raises": r"unknown dialect",
        "registry": "csv",
    },
    "warnings.filters": {  # usual is whatever the parent has
        "set_by": (r"simplefilter\(|filterwarnings\(", r"catch_warnings"),
        "raises": r"Warning\b",
        "registry": "warnings",
    },
    "logging.getLogger({0})": {
        "usual": "",
        "set_by": (SET_UP + r"|addHandler\(", r"setLevel\(|\.disabled\s*=|\.propagate\s*="),
        "printed": True,
        "registry": "logging",
    },
    "logging.disable()": {
        "usual": "NOTSET",
        "set_by": (r"logging\.disable\(|\bdisable\(",),
        "printed": True,
        "registry": "logging",
    },
    "sys.{0}": {
        "usual": "an io.TextIOWrapper",
        "set_by": (r"sys\.{0}\s*=[^=]|redirect_{0}\(", r"\b{0}\s*=[^=]"),
        "printed": True,
    },
    "os.fstat({0})": {  # where the output goes: not usual at all
        "set_by": (r"\bcapfd|\bdup2\(",),
        "printed": True,
    },
    "builtins.{0}": {
        "usual": "",
        "set_by": (r"builtins\.{0}\s*=[^=]|builtins.*\b{0}\b", r"install\("),
        "raises": r"\b{0}\b",
        "printed": True,
        "registry": "builtins",
    },
    "{0}": {  # what the program has put into a module of others: not usual at all
        "usual": "",
        "set_by": (r"\.{0}\s*=[^=]", r"\bsetattr\(.*\b{0}\b", r"\bpatch.*\b{0}\b"),
        "raises": r"\b{0}\b",
        "printed": True,
    },
}
