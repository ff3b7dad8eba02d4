"""Who asks to write to read-only memory is refused, and its thread's next plain request gets a copy: rule L8.

Nothing tells such a reader from PyTorch, which writes all the same; the standard library has some.
"""

from __future__ import annotations

import hashlib
import io
import threading

import pytest

import aria_array_bridge as ab

CONTENT = bytes(range(64))
WORDS = b"what is read from the file"


def refused_writer() -> ab.Array:
    x = ab.asarray(CONTENT)
    file = io.FileIO(__file__)
    with file, pytest.raises((BufferError, TypeError), match="read-only|read-write"):
        file.readinto(x)
    return x


def test_a_hash_after_a_refused_write_is_of_a_copy_and_the_same() -> None:
    x = refused_writer()
    with ab.trace() as plans:
        assert hashlib.sha256(x).digest() == hashlib.sha256(CONTENT).digest()
        assert hashlib.sha256(x).digest() == hashlib.sha256(CONTENT).digest()
    copied, shared = plans  # The second reader is remembered no more.
    assert shared.outcome == "view"
    assert (copied.outcome, copied.copied_bytes, copied.reasons[0].code, copied.reasons[0].rule) == ("copy", 64, "read-only", "L8")
    x.release()


def test_inside_no_copy_the_hash_is_refused_by_name_and_the_next_is_not() -> None:
    x = refused_writer()
    with ab.no_copy():
        with pytest.raises(BufferError, match=r"no_copy\(\) forbids it"):
            hashlib.sha256(x)
        assert hashlib.sha256(x).digest() == hashlib.sha256(CONTENT).digest()
    x.release()


def test_another_request_of_the_thread_ends_the_suspicion() -> None:
    for other in (memoryview, lambda x: hashlib.sha256(ab.asarray(WORDS))):
        x = refused_writer()
        other(x)
        with ab.no_copy():
            assert hashlib.sha256(x).digest() == hashlib.sha256(CONTENT).digest()


def test_another_thread_is_not_suspected() -> None:
    x = refused_writer()
    found = []

    def read() -> None:
        with ab.no_copy():
            found.append(hashlib.sha256(x).digest())

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert found == [hashlib.sha256(CONTENT).digest()]
