"""The command line: hflab doctor · lab · chat · minutes · models · records · progress."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hflab
from hflab import exercises
from hflab.errors import HflabError, MissingExtraError
from hflab.minutes import command as minutes

_FIRST_NOTEBOOK = Path("notebooks", "01_intro.ipynb")
_HELP = "/reset forgets the conversation, /stats shows numbers, /quit leaves"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The words after `hflab`; by default those of this process.

    Returns:
        Exit code: 0 done, 1 the check-up found problems, 2 a mistake that was explained on stderr,
            130 interrupted,
        141 the reader of the output went away.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except HflabError as error:
        print(f"hflab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:
        # As in `hflab chat … | head`. What is still buffered would fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hflab", description="Open-source language models, hands on, on any computer."
    )
    parser.add_argument("--version", action="version", version=f"hflab {hflab.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    doctor = commands.add_parser("doctor", help="check this machine and say what to fix")
    doctor.set_defaults(run=_doctor)

    lab = commands.add_parser("lab", help="open the notebooks in JupyterLab")
    lab.add_argument("--no-browser", action="store_true", help="print the address instead")
    lab.add_argument(
        "--port", type=int, help="port of the local server (default: the first free one)"
    )
    lab.set_defaults(run=_lab)

    chat = commands.add_parser("chat", help="talk to a model in the terminal")
    chat.add_argument("question", nargs="?", help="ask this and exit; without it, a conversation")
    chat.add_argument(
        "--model", metavar="ID", help="bundled name, folder or Hub id (default: chosen)"
    )
    chat.add_argument("--system", metavar="TEXT", help="system prompt")
    chat.add_argument("--max-new-tokens", type=int, metavar="N", help="longest reply, in tokens")
    chat.set_defaults(run=_chat)

    minutes.add(commands)

    models = commands.add_parser("models", help="list the bundled models and their scores")
    models.set_defaults(run=_models)

    records = commands.add_parser("records", help="make up records for a description or a schema")
    records.add_argument(
        "spec",
        nargs="?",
        metavar="SPEC",
        help="template, description, JSON Schema or its .json file",
    )
    records.add_argument("--list", action="store_true", help="list the templates")
    records.add_argument("-n", type=int, default=10, metavar="N", help="how many (default: 10)")
    records.add_argument("--format", default="jsonl", help="jsonl (default), json, csv, text, …")
    records.add_argument("--out", metavar="FILE", help="file to write, or to go on with")
    records.add_argument("--seed", type=int, help="for the same records again")
    records.add_argument("--model", metavar="ID", help="bundled name, folder or Hub id")
    records.add_argument("--app", action="store_true", help="open the page for the browser")
    records.add_argument("--port", type=int, help="of the page (default: a free one)")
    records.add_argument("--allow-public", action="store_true", help="let other computers in")
    records.set_defaults(run=_records)

    progress = commands.add_parser("progress", help="say what is solved and what comes next")
    progress.add_argument("--reset", action="store_true", help="begin again; the old file is kept")
    progress.set_defaults(run=_progress)
    return parser


def _doctor(options: argparse.Namespace) -> int:
    return 1 if hflab.doctor().problems else 0


def _models(options: argparse.Namespace) -> int:
    hflab.models()
    return 0


def _records(options: argparse.Namespace) -> int:
    # An optional extra, so imported only here.
    from hflab.records import command

    return command.run(options)


def _progress(options: argparse.Namespace) -> int:
    if options.reset:
        kept = exercises.reset()
        print(f"The old progress is kept as {kept}." if kept else "There was no progress yet.")
    print(exercises.progress())
    return 0


def _lab(options: argparse.Namespace) -> int:
    # The checkout of an editable installation, in case the command is run from somewhere else.
    folders = [Path.cwd(), *Path.cwd().parents, Path(hflab.__file__).parent.parent]
    root = next((folder for folder in folders if (folder / _FIRST_NOTEBOOK).is_file()), None)
    if root is None:
        raise HflabError(
            "The notebooks were not found.",
            f"There is no {_FIRST_NOTEBOOK.as_posix()} in {Path.cwd()} or above it.",
            "Change to the folder of the course and run hflab lab there.",
        )
    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingExtraError(
            "JupyterLab is not installed.",
            "hflab lab opens the notebooks in it.",
            extra="lab",
        )
    # An optional extra, so imported only here.
    from jupyterlab.labapp import main as jupyterlab

    os.chdir(root)
    # As the default address, not as a file to open: so the printed address leads there too.
    words = [f"--LabApp.default_url=/lab/tree/{_FIRST_NOTEBOOK.as_posix()}"]
    # No question about news and no look for updates: a course may have no network.
    words += [f"--LabApp.app_settings_dir={Path(__file__).with_name('lab')}"]
    words += ["--no-browser"] if options.no_browser else []
    words += [f"--port={options.port}"] if options.port is not None else []
    # In a container one is often root, and Jupyter would refuse to start; it listens on this
    # machine only.
    words += ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    jupyterlab(words)
    return 0


def _chat(options: argparse.Namespace) -> int:
    generation: dict[str, Any] = {}
    if options.max_new_tokens is not None:
        generation["max_new_tokens"] = options.max_new_tokens
    # stdout is for the answers alone, so that they can be piped.
    with contextlib.redirect_stdout(sys.stderr):
        model, tokenizer = hflab.load(options.model or hflab.pick("chat"))
        chat = hflab.Chat(model, tokenizer, system=options.system, **generation)
    if options.question is not None:
        _reply(chat, options.question)
    else:
        _converse(chat)
    return 0


def _reply(chat: Any, text: str) -> None:
    # Closed even when Ctrl-C strikes between two pieces, so that the chat knows the reply is over.
    with contextlib.closing(chat.stream(text)) as pieces:
        for piece in pieces:
            print(piece, end="", flush=True)
    print(flush=True)


def _converse(chat: Any) -> None:
    """Read questions until the end of input; Ctrl-C stops a reply, not the conversation."""
    person = sys.stdin.isatty()
    if person:
        with contextlib.suppress(ImportError):  # line editing and history; not on Windows
            import readline  # noqa: F401
        print(f"Type a question. {_HELP}.")
    while True:
        try:
            text = input("> " if person else "").strip()
        except EOFError:
            print(end="\n" if person else "")
            return
        except KeyboardInterrupt:
            print(f"\n(Ctrl-D leaves; {_HELP})")
            continue
        if text == "/quit":
            return
        try:
            _answer(chat, text)
        except KeyboardInterrupt:
            print("\n(stopped)")
        except HflabError as error:
            print(f"hflab: {error}", file=sys.stderr)


def _answer(chat: Any, text: str) -> None:
    if text == "/reset":
        chat.reset()
        print("(forgotten)")
    elif text == "/stats":
        print(chat.stats)
    elif text.startswith("/"):
        print(f"({_HELP})")
    elif text:
        _reply(chat, text)


if __name__ == "__main__":
    sys.exit(main())
