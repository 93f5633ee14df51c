"""Settings for tests and notebooks alike: offline, one thread, strict rules for notebook cells."""

from __future__ import annotations

import os

# Kernels inherit these. The libraries read them once, so they are set before anything is imported.
for variable, value in {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}.items():
    os.environ.setdefault(variable, value)

pytest_plugins = ["notebook_plugin"]
