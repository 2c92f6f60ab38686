# ruff: noqa: INP001 - copied into a build, no module of a package
"""Make a Windows Python under Wine do what it does on Windows; startlab_wine.pth imports this."""

from __future__ import annotations

import _winapi
import ntpath
import os


def _getppid() -> int:
    """Ask the kernel: Wine lacks PssCaptureSnapshot, and a call of it ends the process."""
    import ctypes

    basic_information = (ctypes.c_size_t * 6)()
    this_process = ctypes.c_void_p(-1)
    size = ctypes.sizeof(basic_information)
    ctypes.WinDLL("ntdll").NtQueryInformationProcess(
        this_process, 0, ctypes.byref(basic_information), size, None
    )
    return basic_information[5]


def _symlink(src: object, dst: object, *_: object, **__: object) -> None:
    """Refuse, as Windows does to most users: under Wine it would succeed and make no link."""
    raise OSError(22, "A required privilege is not held by the client", src, 1314, dst)


_LINKS = {  # what prefix.sh links into the drive
    "\\\\?\\unix\\opt\\python": "C:\\Python",
    "\\\\?\\unix\\startlab": "C:\\startlab",
    "\\\\?\\unix\\program": "C:\\program",
}
_resolved = ntpath._getfinalpathname  # noqa: SLF001 - what realpath() asks


def _final_path(path: str) -> str:
    """Name a folder of the image by its place on the drive, as on Windows, where it is no link."""
    found = _resolved(path)
    for link, place in _LINKS.items():
        if found == link or found.startswith(link + "\\"):
            return place + found[len(link) :]
    return found


ntpath._getfinalpathname = _final_path  # noqa: SLF001
os.getppid = _getppid
os.symlink = _symlink
if hasattr(_winapi, "CopyFile2"):  # from 3.12 on: Wine lacks it, and a call of it ends the process
    del _winapi.CopyFile2  # without it shutil.copy2() copies by itself
