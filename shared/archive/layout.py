"""Where everything lies: the names of blobs. Pure."""

from __future__ import annotations

REQUESTS = "requests.json"
"""The blob of the request budget: by report, when its requests were noted."""
