"""What the tests of commands stand on."""

from __future__ import annotations

import pytest

from support.commands import Shop
from support.connected import Connected, contract_for
from support.peer import listening
from truthpoint import transport


@pytest.fixture
def connected(tmp_path, monkeypatch):
    with listening() as peer:
        # Customer.io's own addresses lead to the peer: only the CLI in this process sees it.
        monkeypatch.setitem(transport.TRACK_URLS, "us", peer.url)
        shop = Shop(tmp_path, contract=contract_for(tmp_path, peer.url))
        yield Connected(shop, peer)
