"""Taking a line of ``to_line`` apart: what must be parsed at once, and the pieces that can stay text.

Nothing here trusts the text. A piece is cut out only where it is one whole JSON value if the line is JSON at all, so
that a line reads the same as without cutting; where that cannot be seen, the piece is left in.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PROTOCOL = re.compile(rb'\{"schema_version":\d+,"identity":"([0-9a-f]{64})","protocol":(?=\{)')
_OUTCOME = b',"outcome":{'
_LAYERS, _LAYERS_END = b',"layers":[', b'],"collapse":'
_EXTRA = b',"extra":{'
_CURVE = b',"curve":{'
_AFTER, _COST = b'},"environment":{', b',"cost":{'
_OTHERS = bytes(set(range(256)) - set(b'[]{}"'))


class Apart(NamedTuple):
    """A line in pieces.

    Attributes:
        identity: the 64 digits that the record states.
        protocol: the protocol's text.
        rest: the line with ``null`` for the protocol and for every other part that was cut out, and without the curve.
        curve: the curve's text.
        layers, extra, environment: the text of those parts; ``None`` where they were left in.
    """

    identity: str
    protocol: bytes
    rest: bytes
    curve: bytes
    layers: bytes | None
    extra: bytes | None
    environment: bytes | None


def take_apart(line: bytes) -> Apart | None:
    """The pieces of a line, or ``None`` if it has not the layout of ``to_line``."""
    head = _PROTOCOL.match(line)
    middle = line.find(_OUTCOME)
    start = line.find(_CURVE, middle)
    end = line.find(b"}", start) + 1
    if not head or not 0 < middle < start < end or not line.startswith(_AFTER, end):
        return None
    if line.find(_CURVE, end) >= 0 or line.find(_OUTCOME, end) >= 0:
        return None
    layers = _piece(line, _LAYERS, middle, line.find(_LAYERS_END, middle, start) + 1)
    extra = _piece(line, _EXTRA, layers.stop if layers else middle, start)
    environment = _piece(line, _AFTER, end, line.find(_COST, end))
    rest, at = [line[: head.end()], b"null"], middle
    for cut, left in ((layers, b"null"), (extra, b"null"), (slice(start, end), b""), (environment, b"null")):
        if cut:
            rest += [line[at : cut.start], left]
            at = cut.stop
    return Apart(
        identity=head[1].decode(),
        protocol=line[head.end() : middle],
        rest=b"".join([*rest, line[at:]]),
        curve=line[start + len(_CURVE) - 1 : end],
        layers=line[layers] if layers else None,
        extra=line[extra] if extra else None,
        environment=line[environment] if environment else None,
    )


def _piece(line: bytes, key: bytes, start: int, stop: int) -> slice | None:
    """Where the value of a key stands that ends at ``stop``; ``None`` if the key is missing or the value not whole."""
    at = line.find(key, start, stop)
    found = slice(at + len(key) - 1, stop)
    return found if at >= 0 and whole(line[found]) else None


def whole(text: bytes) -> bool:
    """Whether a stretch of JSON that begins with a bracket is exactly the value that this bracket opens.

    ``False`` also where that takes more than a glance: where a string holds a bracket or anything is escaped.
    """
    if text[-1:] not in (b"]", b"}") or b"\\" in text:
        return False
    # Only brackets and quotes are left; a string without brackets is then a pair of quotes, and one with them is not.
    marks = text.translate(None, _OTHERS).replace(b'""', b"")
    inside = marks[1:-1]
    while inside:
        fewer = inside.replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(inside):
            return False
        inside = fewer
    return marks[:1] + marks[-1:] in (b"[]", b"{}")
