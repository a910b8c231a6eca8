"""What the tests of the screen share; the story itself is in ``scenes.py``, the open dashboard in ``stage.py``."""

from __future__ import annotations

import pytest
from scenes import source


@pytest.fixture
def path(tmp_path, monkeypatch) -> str:
    """The workflow file of the story, below the folder one is in."""
    monkeypatch.chdir(tmp_path)
    return source(tmp_path)


@pytest.fixture(autouse=True, scope="session")
def _nobodys_settings(tmp_path_factory):
    """No test reads or writes the preferences of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield
