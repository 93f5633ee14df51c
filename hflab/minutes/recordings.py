"""Recordings: what a sound file holds, judged by its header before anything is decoded."""

from __future__ import annotations

import difflib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hflab import environment
from hflab.errors import MissingExtraError, ParameterError
from hflab.minutes.transcript import clock

_ENDINGS = (".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aiff", ".aif")
# A progress bar that counts minutes of sound.
BAR = "{desc}: {percentage:3.0f}%|{bar}| {n:.1f} of {total:.1f} min [{elapsed}<{remaining}]"
_LOWEST, _HIGHEST = 1_000, 768_000  # samples a second
# How files begin, to say what one is that can't be opened.
_OTHERS = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive or office document",
    b"\x1aE\xdf\xa3": "a WebM or Matroska recording",
    b"#!AMR": "an AMR recording",
    b"0&\xb2u": "a WMA recording",
    b"\x1f\x8b": "a gzip archive",
}
_CONVERT = "Convert it to WAV, FLAC, MP3 or Ogg, as any audio editor does, and give that file."


@dataclass(frozen=True)
class Recording:
    """A sound file, as its header describes it.

    Attributes:
        path: Where it is.
        seconds: How long it is.
        rate: Samples a second of each channel.
        channels: 1 for mono, 2 for stereo, …
        format: Such as "WAV", "FLAC", "MP3", "OGG".
        subtype: How samples are stored, such as "PCM_16", "PCM_U8", "VORBIS".
        bytes: Size of the file.
    """

    path: Path
    seconds: float
    rate: int
    channels: int
    format: str
    subtype: str
    bytes: int

    def __str__(self) -> str:
        channels = {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels")
        return (
            f"{self.path.name}: {clock(self.seconds)} long, {size(self.bytes)}, "
            f"{self.format} ({self.subtype}), {self.rate:,} Hz, {channels}"
        )


def inspect(path: str | os.PathLike[str]) -> Recording:
    """Judge a sound file by its header; nothing is decoded.

    Args:
        path: A file in a format that libsndfile reads: WAV, FLAC, MP3, Ogg, AIFF.

    Raises:
        ParameterError: There is no such file, it is no regular file (a folder, a device), it is
            empty, or it holds no sound that can be read. The message names its size, and its
            duration where that is known.
        MissingExtraError: The soundfile package is not installed.
    """
    file = find(path)
    library = soundfile()
    try:
        header = library.info(str(file))
    except (library.LibsndfileError, RuntimeError, OSError) as error:
        raise unreadable(file, error) from error
    found = Recording(
        path=file,
        seconds=header.frames / max(header.samplerate, 1),
        rate=header.samplerate,
        channels=header.channels,
        format=header.format,
        subtype=header.subtype,
        bytes=file.stat().st_size,
    )
    if found.seconds <= 0:
        raise ParameterError(
            f"{file.name!r} holds no sound.",
            f"It is a {found.format} file of {size(found.bytes)}, 0 seconds long.",
            "The recording was broken off or not saved: record it again, or give another file.",
        )
    if not _LOWEST <= found.rate <= _HIGHEST:
        raise ParameterError(
            f"{file.name!r} has an impossible sampling rate: {found.rate:,} a second.",
            f"Its header is damaged: {size(found.bytes)}, {clock(found.seconds)} long.",
            _CONVERT,
        )
    return found


def find(path: str | os.PathLike[str]) -> Path:
    """The regular file that a path names; it is not opened.

    Raises:
        ParameterError: There is none, or it is empty.
    """
    name = os.fspath(path)
    if not isinstance(name, str) or not name or "\0" in name:
        raise ParameterError(
            f"{name!r} is no path of a recording.",
            "A path is text, such as 'meeting.flac'.",
            "Give the path of a WAV, FLAC, MP3 or Ogg file.",
        )
    if re.match(r"[a-z][a-z0-9+.-]+://", name, re.IGNORECASE):
        raise ParameterError(
            f"{name!r} is an address, not a file.",
            "Recordings are read from this computer; nothing is downloaded.",
            "Download it first, then give the path of the file.",
        )
    file = Path(name).expanduser()
    try:
        mode = file.stat().st_mode
    except (OSError, ValueError) as error:
        raise _absent(file, error) from error
    if stat.S_ISDIR(mode):
        inside = sorted(each.name for each in file.iterdir() if each.suffix.lower() in _ENDINGS)
        shown = ", ".join(inside[:3]) + (", …" if len(inside) > 3 else "")
        raise ParameterError(
            f"{name!r} is a folder, not a recording.",
            f"It holds {len(inside)} sound files{': ' + shown if inside else ''}.",
            "Give the path of one file.",
        )
    if not stat.S_ISREG(mode):
        raise ParameterError(
            f"{name!r} is a device or a pipe, not a recording.",
            "Reading it might never end, so it was not opened.",
            "Give the path of a file.",
        )
    if file.stat().st_size == 0:
        raise ParameterError(
            f"{name!r} is empty: 0 bytes.",
            "It was created but nothing was written to it, as after a broken download.",
            "Copy or download it again.",
        )
    return file


def unreadable(file: Path, error: Exception) -> ParameterError:
    """The error for a file that libsndfile can't read: what it seems to be instead."""
    with file.open("rb") as stream:
        head = stream.read(4096)
    what = next((kind for magic, kind in _OTHERS.items() if head.startswith(magic)), None)
    if head[4:8] == b"ftyp":
        what = "an MP4 or M4A recording"
    elif what is None and _is_text(head):
        what = "a web page" if b"<html" in head.lower() else "text"
    why = f"It is {what}" if what else f"The library that reads sound says: {error}"
    return ParameterError(
        f"{file.name!r} ({size(file.stat().st_size)}) is no recording that can be read here.",
        f"{why.rstrip('.')}, whatever its name says." if what else why,
        _CONVERT if what is None or "recording" in what else "Give the path of a recording.",
    )


def size(number: int) -> str:
    """A number of bytes in words; small ones exactly, as they are the broken files."""
    return f"{number:,} bytes" if number < 100_000 else environment.size(number)


def soundfile() -> Any:
    """The soundfile package.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        # An optional extra: only recordings need it.
        import soundfile as library
    except (ImportError, OSError) as error:  # OSError: its libsndfile is not there
        raise MissingExtraError(
            "Reading recordings needs the soundfile package.",
            "It reads WAV, FLAC, MP3 and Ogg without any other program.",
            extra="audio",
        ) from error
    return library


def _absent(file: Path, error: Exception) -> ParameterError:
    if isinstance(error, PermissionError):
        why, remedy = "This user may not read it.", "Change its permissions, or copy it."
        return ParameterError(f"{str(file)!r} can't be opened.", why, remedy)
    try:
        names = [each.name for each in file.parent.iterdir()]
    except OSError:
        names = []
    near = difflib.get_close_matches(file.name, names, n=1)
    return ParameterError(
        f"There is no file {str(file)!r}.",
        f"This code runs in {os.getcwd()!r}, and paths begin there.",
        f"Did you mean {near[0]!r}?" if near else "Check the path.",
    )


def _is_text(head: bytes) -> bool:
    try:
        text = head[: max(1, len(head) - 3)].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any(ord(char) < 32 and char not in "\t\n\r\f\x1b" for char in text)
