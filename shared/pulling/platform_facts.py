"""What the platform is that a run has: the host, Python and memory."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path

from shared.domain.evidence import Facts

_MEMORY = Path("/sys/fs/cgroup/memory.max")


def platform_facts(host_version: str) -> Facts:
    """Return what can be told of Azure; `host_version` is what its host says of itself, and empty elsewhere."""
    if not host_version:
        return {}
    facts = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    if re.fullmatch(r"~?[\d.]{1,20}", host_version):
        facts["host"] = host_version
    with suppress(OSError, ValueError):
        limit = _MEMORY.read_text("ascii").strip()
        facts["memory"] = "no limit" if limit == "max" else str(int(limit) >> 20)
    return facts
