"""BLAKE2b, of which digests and fingerprints are made, without the rest of hashlib.

``hashlib`` loads OpenSSL before it takes the same function from where this takes it: two milliseconds of every start.
"""

from __future__ import annotations

try:
    from _blake2 import blake2b
except ImportError:  # another Python than CPython
    from hashlib import blake2b

__all__ = ["blake2b"]
