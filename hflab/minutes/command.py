"""The command `hflab minutes`: a recording or a transcript in, minutes as Markdown or JSON out."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from hflab.errors import HflabError, ParameterError
from hflab.minutes.record import Minutes
from hflab.minutes.transcript import Transcript

_TEXTS = (".txt", ".md")


def add(commands: Any) -> None:
    """Add the command to the others of `hflab`.

    Args:
        commands: What argparse's `add_subparsers` returned.
    """
    parser = commands.add_parser("minutes", help="write the minutes of a recorded meeting")
    parser.add_argument(
        "recording", metavar="AUDIO_OR_TEXT", help="WAV, FLAC, MP3, Ogg; or a transcript, .txt, .md"
    )
    parser.add_argument("--model", metavar="ID", help="speech recognition (default: chosen)")
    parser.add_argument("--chat", metavar="ID", help="model that writes (default: chosen)")
    parser.add_argument("--out", metavar="FILE", help="write there instead of the terminal")
    parser.add_argument(
        "--format", choices=("md", "json"), help="default: md, or as FILE's name ends"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; minutes go to stdout or a file, everything else to stderr.

    Raises:
        HflabError: A file that can't be read or written, a model that can't be loaded, ...
    """
    out = _checked(options.out) if options.out else None
    form = options.format or ("json" if out and out.suffix.lower() == ".json" else "md")
    screen = sys.stdout
    live = form == "md" and out is None and screen.isatty()
    with redirect_stdout(sys.stderr):
        is_text = Path(options.recording).suffix.lower() in _TEXTS
        transcript = _read(options.recording) if is_text else _hear(options)
        try:
            pieces = _written(transcript, options.chat)
            for piece in pieces:
                if live:
                    print(piece, end="", file=screen, flush=True)
        except BaseException:
            if not is_text:  # it may have taken an hour
                print(f"hflab: no minutes came of this transcript:\n\n{transcript}")
            raise
    text = _rendered(pieces.minutes, transcript, form)
    if out is not None:
        out.write_text(text, encoding="utf-8")
        print(f"The minutes are in {out}.", file=sys.stderr)
    elif live:
        print(text.removeprefix(pieces.minutes.to_markdown()), end="")
    else:
        print(text, end="")
    return 0


def _checked(name: str) -> Path:
    """The file to write, found wrong before an hour of work rather than after it."""
    out = Path(name).expanduser()
    if out.is_dir() or not out.parent.is_dir():
        raise ParameterError(
            f"--out {name!r} can't be written.",
            "It is a folder." if out.is_dir() else f"There is no folder {str(out.parent)!r}.",
            "Give the name of a file in a folder that exists.",
        )
    return out


def _read(name: str) -> Transcript:
    # Loads numpy, as all below loads torch: `hflab --help` must not wait for them.
    from hflab.minutes.recordings import find

    file = find(name)
    try:
        return Transcript.from_text(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ParameterError(
            f"{name!r} is no text that can be read.",
            f"Byte {error.start} does not belong in UTF-8, which text files are written in.",
            "Save it as UTF-8; a recording needs the ending of its format, such as .mp3.",
        ) from error
    except OSError as error:
        raise HflabError(
            f"{name!r} can't be opened.", str(error), "Check its permissions."
        ) from error


def _hear(options: argparse.Namespace) -> Transcript:
    # As above.
    from hflab.minutes.listening import transcribe

    return transcribe(options.recording, model=options.model)


def _written(transcript: Transcript, chat: str | None) -> Any:
    # As above, all three.
    from hflab import catalog, tiny  # light, but no use without the others
    from hflab.loading import load  # torch
    from hflab.minutes.writing import MinutesStream, write_minutes

    if not transcript.segments:  # nobody is asked, so nothing is loaded
        return MinutesStream(transcript, None, {})
    # The model that is made for minutes, where there is one.
    role = "minutes" if "minutes" in {*catalog.roles(), *tiny.tiny_model()} else "chat"
    chosen = chat or catalog.pick(role)
    if role == "chat" and chosen in ("chat", str(tiny.tiny_model("chat"))):
        print(
            "The bundled chat model was not trained for minutes and finds next to nothing. "
            "For real minutes name an instruct model: --chat Qwen/Qwen3-4B-Instruct-2507"
        )
    pair = load(chosen)
    print(f"writing the minutes of {len(transcript.segments)} lines")
    return write_minutes(transcript, pair, stream=True)


def _rendered(minutes: Minutes, transcript: Transcript, form: str) -> str:
    if form == "json":
        data = {"minutes": minutes.to_dict(), "transcript": transcript.to_dict()}
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    return f"{minutes.to_markdown()}\n## Transcript\n\n{transcript.to_markdown()}"
