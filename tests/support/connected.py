"""A shop whose workspaces are a peer that answers as the test says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from support.commands import Shop
from support.peer import Peer
from support.shop import CONTRACT

SECRETS = {"STAGING_SITE_ID": "site-canary-1", "STAGING_API_KEY": "key-canary-2"}


@dataclass
class Connected:
    """A shop and its peer."""

    shop: Shop
    peer: Peer


def contract_for(folder: Path, url: str) -> Path:
    """The tests' contract, with workspaces."""
    path = folder / "tracking.yaml"
    workspaces = f"""
workspaces:
  local: {{url: "{url}"}}
  staging:
    region: us
    workspace_id: 11111
    site_id: "${{STAGING_SITE_ID}}"
    api_key: "${{STAGING_API_KEY}}"
"""
    path.write_text(CONTRACT.read_text() + workspaces)
    return path
