"""Where are we: Colab, Jupyter or terminal; library versions, device, memory, disk."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

# The oldest major versions that will do, as in pyproject.toml.
LIBRARIES = {"torch": 2, "transformers": 5, "huggingface_hub": 1, "accelerate": 1}
# Some notebooks use these; without them the rest works.
OPTIONAL_LIBRARIES = {"datasets": 4, "ipywidgets": 7, "jupyterlab": 4}


@dataclass(frozen=True)
class Device:
    """The processor that torch would compute on.

    Attributes:
        kind: "cuda", "mps" (Apple) or "cpu", as torch names it.
        name: The maker's name of a GPU; empty for a CPU.
        memory: Total GPU memory in bytes; None where the GPU shares the computer's memory.
        capability: CUDA compute capability, such as (7, 5) for a T4; None off CUDA.
    """

    kind: str
    name: str = ""
    memory: int | None = None
    capability: tuple[int, int] | None = None

    @property
    def has_bf16(self) -> bool | None:
        """Whether the GPU has bfloat16 units; None off CUDA.

        From the compute capability, since `torch.cuda.is_bf16_supported()` also says True where
            bfloat16 is only
        emulated, as on a T4.
        """
        return None if self.capability is None else self.capability >= (8, 0)


@dataclass(frozen=True)
class Machine:
    """What decides which model fits.

    Attributes:
        device: The processor that torch would compute on.
        ram: Free main memory in bytes.
        disk: Free bytes on the disk that holds the Hub's cache.
    """

    device: Device
    ram: int
    disk: int


def place() -> str:
    """Where this code runs: "Google Colab", "Jupyter", "IPython", "CI" or "terminal"."""
    if "google.colab" in sys.modules or "COLAB_RELEASE_TAG" in os.environ:
        return "Google Colab"
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        # Named by class, because importing ipykernel just to compare would be slow.
        return "Jupyter" if type(shell).__name__ == "ZMQInteractiveShell" else "IPython"
    return "CI" if os.environ.get("CI", "").lower() in {"1", "true"} else "terminal"


def version(library: str) -> str | None:
    """Installed version of a library, without importing it; None if it is not installed."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def device() -> Device:
    """Ask torch which device it would compute on.

    Raises:
        ImportError: If torch is missing; its own error if it is installed but does not import.
    """
    # Imported here: it takes more than a second, and most of hflab's commands don't need it.
    import torch

    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        return Device(
            "cuda", properties.name, properties.total_memory, (properties.major, properties.minor)
        )
    if torch.backends.mps.is_available():
        return Device("mps", "Apple GPU")
    return Device("cpu")


def free_ram() -> int:
    """Free main memory in bytes, as far as this process may use it."""
    free = psutil.virtual_memory().available
    # In a container (Binder, Docker) the host's figure says nothing: the group's limit does.
    group = Path("/sys/fs/cgroup")
    try:
        limit = int((group / "memory.max").read_text())
        free = min(free, max(limit - int((group / "memory.current").read_text()), 0))
    except (OSError, ValueError):  # no such group, or its limit is the word "max"
        pass
    return int(free)


def free_disk(folder: str | Path) -> int:
    """Free bytes on the disk that holds `folder`, which need not exist yet."""
    path = Path(folder).expanduser().absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


def size(number: int) -> str:
    """A number of bytes in words: "11 MB", "6.2 GB" (powers of 1000, as the Hub counts)."""
    if number < 999_500_000:
        return f"{number / 1e6:.0f} MB" if number >= 9_500_000 else f"{number / 1e6:.1f} MB"
    return f"{number / 1e9:.1f} GB" if number < 99_950_000_000 else f"{number / 1e9:.0f} GB"
