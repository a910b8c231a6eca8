"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says how busy the machine is, and nothing about the claim.
settings.register_profile("without_deadline", deadline=None)
settings.load_profile("without_deadline")
