"""Run by a target interpreter, 2.7 to the newest: print as JSON what it is and can do.

The arguments are shared libraries and modules that experiments may need; `libraries` lists those
that it has.
"""

import json
import os
import platform
import sys

FRAMEWORKS = {"Accelerate": "/System/Library/Frameworks/Accelerate.framework/Accelerate"}  # macOS


def main(libraries):
    import multiprocessing

    methods = ["fork"] if hasattr(os, "fork") else ["spawn"]  # 2.7 has only one, without a name
    default = methods[0]
    if hasattr(multiprocessing, "get_all_start_methods"):
        methods = multiprocessing.get_all_start_methods()
        default = multiprocessing.get_start_method()
    print(
        json.dumps(
            {
                "python": platform.python_version(),
                "implementation": platform.python_implementation().lower(),
                "executable": base_executable(),
                "sys_platform": "linux" if sys.platform.startswith("linux") else sys.platform,
                "os_name": os.name,
                "platform_system": platform.system(),
                "platform_release": platform.release(),
                "platform_version": platform.version(),
                "machine": platform.machine(),
                "libc": libc(),
                "methods": sorted(methods),
                "default_method": default,
                "free_threaded": free_threaded(),
                "libraries": [name for name in libraries if loads(name)],
                "cores": cores(),
                "wine": wine(),
            }
        )
    )


def base_executable():
    """Find the interpreter that a virtual environment was made from."""
    executable = getattr(sys, "_base_executable", None) or sys.executable
    if os.name == "nt":
        return executable
    real = os.path.realpath(executable)
    # The interpreter may find its library through the symbolic link.
    return real if os.path.dirname(real).endswith("bin") else executable


def libc():
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        pass
    name, version = platform.libc_ver()  # 2.7 has no such argument
    if name:
        return name + " " + version
    if sys.platform.startswith("linux") and any(
        f.startswith("ld-musl") for f in os.listdir("/lib")
    ):
        return "musl"
    return ""


def free_threaded():
    import sysconfig

    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def loads(name):
    """Return whether a shared library (`libc.so.6`) can be loaded, or a module be found."""
    try:
        if ".so" in name or name in FRAMEWORKS:
            import ctypes

            ctypes.CDLL(FRAMEWORKS.get(name, name))
        elif name == "ctypes":  # its extension module may be missing
            import ctypes
        elif sys.version_info[0] == 2:
            import pkgutil

            return pkgutil.find_loader(name) is not None
        else:
            import importlib.util

            return importlib.util.find_spec(name) is not None
    except (ImportError, OSError):
        return False
    return True


def cores():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    import multiprocessing

    return multiprocessing.cpu_count()


def wine():
    """Return the version of Wine, which has a function for it that Windows has not."""
    if os.name != "nt":
        return ""
    try:
        import ctypes

        version = ctypes.WinDLL("ntdll").wine_get_version
    except (ImportError, AttributeError, OSError):
        return ""
    version.restype = ctypes.c_char_p
    return version().decode()


if __name__ == "__main__":
    main(sys.argv[1:])
