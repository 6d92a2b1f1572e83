"""Read two values out of a CIFAR batch file without unpickling it.

Unpickling runs whatever a file says, so no pickle is ever loaded here. The batches are pickled dictionaries of a
known form, and ``pickletools.genops`` lists the instructions of a pickle without executing any: the pixels are its
longest byte string, the labels the integers that follow their key.
"""

from __future__ import annotations

import pickletools

from shared.errors import ReproError

_BYTES = {"SHORT_BINSTRING", "BINSTRING", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8"}
_INTEGERS = {"BININT", "BININT1", "BININT2"}


def scan_batch(content: bytes, label_key: str) -> tuple[bytes, list[int]]:
    """The pixels and the labels of a pickled batch.

    Args:
        content: the file.
        label_key: ``labels`` (CIFAR-10) or ``fine_labels`` (CIFAR-100).

    Raises:
        ReproError: if the content is not a pickle or has no such parts.
    """
    pixels: bytes = b""
    labels: list[int] = []
    within_labels = False
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if isinstance(argument, str | bytes):
                within_labels = argument == label_key
                if opcode.name in _BYTES and len(argument) > len(pixels):
                    pixels = _as_bytes(argument)
            elif isinstance(argument, int) and opcode.name in _INTEGERS and within_labels:
                labels.append(argument)
    except ValueError as e:
        raise ReproError(
            f"A CIFAR batch file is cut short or of another format ({e}); fetch the data set again."
        ) from e
    if not pixels or not labels:
        raise ReproError(f"A CIFAR batch file has no pixels or no {label_key!r}; fetch the data set again.")
    return pixels, labels


def _as_bytes(argument: str | bytes) -> bytes:
    # Python 2 strings are listed as text in which each character stands for one byte.
    return argument if isinstance(argument, bytes) else argument.encode("latin-1")
