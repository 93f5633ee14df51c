"""Which model for which role, and which of them fits this machine.

The rows are in catalog.toml; parameters and download sizes are approximate and dated there. A
role's bundled model is the folder of that name in hflab/tiny, and its numbers are read from its
files.
"""

from __future__ import annotations

import difflib
import functools
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants

from hflab import cards, environment, hub, tiny, weights
from hflab.environment import Machine, size
from hflab.errors import ModelNotFoundError, ParameterError

# From the smallest to the largest.
TIERS = ("tiny", "laptop", "t4", "large")
# GPU memory to leave for the KV cache, activations and the CUDA context: a rule of thumb (bytes).
_GPU_RESERVE = 2_000_000_000


@dataclass(frozen=True)
class Entry:
    """One model of the catalog.

    Attributes:
        role: What it is for, such as "chat".
        tier: "tiny", "laptop", "t4" or "large"; "gated" for the alternatives offered by name.
        id: Hub id, or the folder of a bundled model.
        parameters: Number of parameters.
        download: Bytes of the weights.
        license: SPDX identifier, or LicenseRef-… for a license of the makers' own.
        context: Context window in tokens; None where it has none.
        revision: Branch, tag or commit on the Hub.
        gated: Whether the Hub asks for a login and an accepted license.
        twin: For a gated model, an open one to use in its place.
    """

    role: str
    tier: str
    id: str
    parameters: int
    download: int
    license: str
    context: int | None = None
    revision: str = "main"
    gated: bool = False
    twin: str = ""


@functools.cache
def roles() -> dict[str, tuple[Entry, ...]]:
    """All Hub models of the catalog by role, gated ones last."""
    table = tomllib.loads((Path(__file__).parent / "catalog.toml").read_text(encoding="utf-8"))
    return {
        role: tuple(
            [Entry(role=role, **row) for row in section["models"]]
            + [
                Entry(role=role, tier="gated", gated=True, **row)
                for row in section.get("gated", [])
            ]
        )
        for role, section in table.items()
    }


def gated(role: str) -> tuple[Entry, ...]:
    """The gated alternatives for a role, such as Llama for chat."""
    return tuple(entry for entry in roles()[_known(role, list(roles()), "role")] if entry.gated)


def bundled(role: str) -> Entry | None:
    """The bundled model for a role, its numbers read from its files; None if none is bundled."""
    if role not in tiny.tiny_model():
        return None
    folder = Path(tiny.tiny_model(role))
    return Entry(
        role=role,
        tier="tiny",
        id=str(folder),
        parameters=weights.count_parameters(folder),
        download=sum(path.stat().st_size for path in folder.glob("*.safetensors")),
        license=cards.read(role).license,
        context=weights.read_json(folder / "config.json").get("max_position_embeddings"),
    )


def fits(entry: Entry, machine: Machine) -> bool:
    """Whether a model fits the GPU's own memory, or where there is none the free main memory."""
    if machine.device.memory is not None:
        return entry.download + _GPU_RESERVE <= machine.device.memory
    return entry.download * 1.3 <= machine.ram


def best_tier(entries: tuple[Entry, ...], machine: Machine) -> str:
    """The largest tier that fits a machine's CUDA GPU; "tiny" if there is none or nothing fits."""
    if machine.device.kind != "cuda":
        return "tiny"
    fitting = {e.tier for e in entries if not e.gated and fits(e, machine)}
    return next((tier for tier in reversed(TIERS) if tier in fitting), "tiny")


def describe(entry: Entry, machine: Machine | None = None, *, cached: bool = False) -> str:
    """One line: what the model is, how big, and whether it fits `machine`.

    For a bundled model the line is the same on every machine.
    """
    count = f"{_count(entry.parameters)} parameters"
    if entry.tier == "tiny":
        return (
            f"{entry.role}: hflab's bundled model ({count}, {size(entry.download)}), ready offline"
        )
    here = "already here" if cached else "to download"
    line = f"{entry.role}: {entry.id} ({count}, {size(entry.download)} {here}, {entry.license})"
    if machine is None:
        return line
    gpu = machine.device.memory
    where = f"the GPU's {size(gpu)}" if gpu is not None else f"{size(machine.ram)} of free memory"
    line += f", fits {where}" if fits(entry, machine) else f", too big for {where}"
    if entry.download > machine.disk and not cached:
        line += f", and only {size(machine.disk)} of disk are free"
    return line


def pick(role: str, tier: str | None = None) -> str:
    """Choose a model for a role and print one line about it: what, how big, will it fit.

    Without `tier` and without the environment variable HFLAB_TIER: the bundled model, unless there
    is a CUDA GPU and the Hub is in reach; then the largest model that fits the GPU. The default
    models of all tiers are open to everybody; the gated ones (Llama) are listed by
    `hflab.catalog.gated(role)`.

    Args:
        role: "chat", "base", "sentiment", … (`hflab.catalog.roles()` lists them).
        tier: "tiny", "laptop", "t4" or "large". A tier without a row of its own uses the next
            smaller one.

    Returns:
        A Hub id, or the folder of the bundled model: both go into `hflab.load` and any
            `from_pretrained`.

    Raises:
        ParameterError: If role or tier is unknown.
        ModelNotFoundError: If tier is "tiny" and no model is bundled for the role.
    """
    _known(role, sorted({*roles(), *tiny.tiny_model()}), "role")
    tier = tier or os.environ.get("HFLAB_TIER") or None
    if tier is not None:
        _known(tier, list(TIERS), "tier")
    small = bundled(role)
    entries = roles().get(role, ())
    machine = None
    if tier is None:
        tier, machine = _choose_tier(entries)
        if tier == "tiny" and small is None:
            tier = "laptop"
    if tier == "tiny" or not entries:
        if small is None:
            raise ModelNotFoundError(
                f"There is no bundled model for {role!r}.",
                f"The bundled models are: {', '.join(tiny.tiny_model()) or 'none'}.",
                f'Use hflab.pick("{role}", tier="laptop"), which names a model on the Hub.',
            )
        entry = small
    else:
        below = TIERS[: TIERS.index(tier) + 1]
        entry = max((e for e in entries if e.tier in below), key=lambda e: below.index(e.tier))
        machine = machine or describe_machine()
    print(describe(entry, machine, cached=entry.id in hub.cached_models()))
    return entry.id


def describe_machine() -> Machine:
    """Device, free memory and free disk of this machine (imports torch)."""
    disk = environment.free_disk(constants.HF_HUB_CACHE)
    return Machine(environment.device(), environment.free_ram(), disk)


def _choose_tier(entries: tuple[Entry, ...]) -> tuple[str, Machine | None]:
    """The automatic choice; asks the cheap questions first, the network only if there is a GPU."""
    if hub.offline() or not entries:
        return "tiny", None
    machine = describe_machine()
    tier = best_tier(entries, machine)
    if tier != "tiny" and not hub.reachable():
        return "tiny", None
    return tier, machine


def _known(value: str, names: list[str], what: str) -> str:
    if value in names:
        return value
    near = difflib.get_close_matches(str(value).lower(), names, n=1)
    raise ParameterError(
        f"There is no {what} named {value!r} in hflab's catalog.",
        f"The {what}s are: {', '.join(names)}.",
        f"Did you mean {near[0]!r}?" if near else f"Use one of these {what}s.",
    )


def _count(number: int) -> str:
    if number < 999_500:
        return f"{number / 1e3:.0f} K"
    if number < 999_500_000:
        return f"{number / 1e6:.1f} M" if number < 99_950_000 else f"{number / 1e6:.0f} M"
    return f"{number / 1e9:.1f} B"
