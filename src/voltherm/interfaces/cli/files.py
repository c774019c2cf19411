"""Files and streams that commands read and write."""

from __future__ import annotations

import sys
from pathlib import Path

from voltherm.domain.errors import VolthermError

STDIN = "-"


class FileError(VolthermError):
    """A file that cannot be read or written."""


def read_bytes(name: str, most: int) -> bytes:
    """Return at most ``most`` + 1 bytes of a file, or of standard input for ``-``.

    Raises
    ------
    FileError
        When there is no such file, or it cannot be read.
    """
    if name == STDIN:
        return sys.stdin.buffer.read(most + 1)
    try:
        with Path(name).open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise FileError(f"{name}: {_reason(error)}; check the name") from error


def read_text(path: Path, most: int) -> str:
    """Return the text of a file of at most ``most`` bytes.

    Raises
    ------
    FileError
        When there is no such file, it is larger, or no UTF-8 text.
    """
    content = read_bytes(str(path), most)
    if len(content) > most:
        raise FileError(f"{path}: is larger than {most:,} bytes; check the name")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to a file.

    Raises
    ------
    FileError
        When it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path}: {_reason(error)}; check the folder") from error


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
