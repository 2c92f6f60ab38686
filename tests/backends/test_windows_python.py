"""CPython for Windows, as an image gets it: from a wheel, a zip or a folder; its executables."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from startlab.backends.docker import pe, windows_python
from startlab.backends.docker.debootstrap import BuildError
from startlab.backends.docker.windows_python import Library, Options, Recipe

if TYPE_CHECKING:
    from pathlib import Path

RECIPE = Recipe(dll="python312", nuget="3.12.10")
DLL = pe.forwarding(
    "python312.dll", {"Py_Main": "other.Py_Main", "PyLong_Type": "other.PyLong_Type"}
)


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return buffer.getvalue()


def no_library() -> Library:
    raise AssertionError("it has its own")


def assemble(source: str, recipe: Recipe = RECIPE, *sha256: str) -> windows_python.Assembled:
    said: list[str] = []
    options = Options(source, sha256, None)
    found, made = windows_python.assemble(recipe, options, no_library, said.append)
    assert found == source
    return made


def test_what_a_dll_exports_is_read_again() -> None:
    assert pe.exports(DLL) == ["PyLong_Type", "Py_Main"]


@pytest.mark.parametrize("data", [b"", b"MZ", b"\x7fELF" + bytes(200), DLL[:300]])
def test_what_is_no_dll_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a 64-bit DLL"):
        pe.exports(data)


def test_an_interpreter_calls_py_main_of_its_dll() -> None:
    made = pe.interpreter("python312.dll")
    (header,) = struct.unpack_from("<I", made, 0x3C)
    signature, machine = struct.unpack_from("<4sH", made, header)
    assert (signature, machine) == (b"PE\0\0", 0x8664)
    for name in (b"python312.dll\0", b"\0\0Py_Main\0", b"8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a"):
        assert made.count(name) == 1


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    root = tmp_path / "Python312"
    (root / "Lib").mkdir(parents=True)
    (root / "Lib" / "os.py").write_text("")
    (root / "python312.dll").write_bytes(DLL)
    (root / "python.exe").write_bytes(b"its own")
    (root / "python3.dll").write_bytes(b"its own")
    made = assemble(str(tmp_path))
    assert made.files["python.exe"] == made.files["python3.dll"] == b"its own"
    assert "Lib/os.py" in made.files


def test_an_embeddable_package_gets_the_library_that_it_has_packed(tmp_path: Path) -> None:
    file = tmp_path / "embed.zip"
    library = zipped({"os.pyc": b"compiled"})
    file.write_bytes(
        zipped({"python312.dll": DLL, "python312.zip": library, "python312._pth": b"python312.zip"})
    )
    made = assemble(str(file))
    assert made.files["Lib/os.pyc"] == b"compiled"
    # With that file Python would pass over PYTHONPATH, and so over the injection.
    assert not [name for name in made.files if name.endswith("._pth")]
    assert {"python.exe", "python3.dll"} <= made.files.keys()


def test_a_dll_that_wine_lacks_is_added(tmp_path: Path) -> None:
    file = tmp_path / "python.zip"
    file.write_bytes(zipped({"python312.dll": DLL, "Lib/os.py": b""}))
    made = assemble(str(file)).files["bcryptprimitives.dll"]
    assert pe.exports(made) == ["ProcessPrng"]
    assert b"advapi32.SystemFunction036\0" in made


def test_a_library_that_is_older_than_the_dll_takes_what_the_newer_one_does() -> None:
    """Of `typing` before 3.12.4: msgspec and pydantic call it by the version of the DLL."""

    def older(t: str, _: object, localns: dict[str, object] | None, guard: object) -> object:
        return (localns or {}).get(t), guard

    names: dict[str, Any] = {"_eval_type": older}
    exec(windows_python.TYPE_PARAMS, names)  # noqa: S102 - as a part of typing.py
    parameter = TypeVar("parameter")
    evaluate = names["_eval_type"]
    assert evaluate("parameter", {}, None, type_params=(parameter,)) == (parameter, frozenset())
    assert evaluate("int", {}, {"int": int}, {1}) == (int, {1})


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"python311.dll": DLL}, "it has no python312.dll"),
        ({"python312.dll": DLL}, "it has no Lib"),
    ],
)
def test_what_is_another_python_or_part_of_one_is_refused(
    tmp_path: Path, files: dict[str, bytes], said: str
) -> None:
    file = tmp_path / "python.zip"
    file.write_bytes(zipped(files))
    with pytest.raises(BuildError, match=said):
        assemble(str(file))


def test_a_file_without_a_known_hash_is_not_used() -> None:
    with pytest.raises(BuildError) as raised:
        assemble("auto")
    assert "nuget: no SHA-256 of its package python 3.12.10 is known" in str(raised.value)
    assert "pypi: no wheel is known that has python312.dll" in str(raised.value)


def test_the_users_files_are_named_by_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = windows_python.key(str(tmp_path))
    assert windows_python.key(str(tmp_path)) == first
    (tmp_path / "a").write_text("22")
    assert windows_python.key(str(tmp_path)) != first
    assert windows_python.key("pypi") == "pypi"


def test_a_library_is_taken_without_what_is_of_its_own_python() -> None:
    files = dict.fromkeys(
        ("os.py", "json/tool.py", "test/x.py", "config-3.12-x/c.py", "site-packages/y.py"), b""
    )
    assert list(windows_python.of_library(files)) == ["os.py", "json/tool.py"]
