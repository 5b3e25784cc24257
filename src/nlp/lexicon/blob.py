"""The compiled form: little-endian tables that src/nlp/lexicon.rs reads in place."""

import struct

MAGIC = b"HGLEX\x00\x00\x02"


def fnv(data):
    """FNV-1a, 32 bits: the hash of the word table, here and in lexicon.rs."""
    h = 0x811C9DC5
    for byte in data:
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


class Strings:
    """One run of text; every string once."""

    def __init__(self):
        self.data = bytearray()
        self.known = {}

    def add(self, text):
        raw = text.encode("utf-8")
        if raw not in self.known:
            self.known[raw] = len(self.data)
            self.data += raw
        return self.known[raw], len(raw)


def trie(entries):
    """Breadth-first arrays of a token trie: first child of each node, token of each edge, value.

    Node n+1 is the target of edge n, so that no target is stored. `entries` maps tuples of
    word ids to values from 1 up.
    """
    root = {}
    for key in sorted(entries):
        node = root
        for word in key:
            node = node.setdefault(word, {})
        node[0] = entries[key]
    first, token, value = [], [], []
    queue = [root]
    value.append(0)
    at = 0
    while at < len(queue):
        node = queue[at]
        at += 1
        first.append(len(token))
        value[at - 1] = node.get(0, 0)
        for word in sorted(k for k in node if k):
            token.append(word)
            queue.append(node[word])
            value.append(0)
    first.append(len(token))
    return [first, token, value]


def u32s(numbers):
    return struct.pack(f"<{len(numbers)}I", *numbers)


def write(sections):
    """Header, table of (offset, length in bytes), then the sections, each on a 4-byte boundary."""
    head = len(MAGIC) + 4 + 8 * len(sections)
    table, body = b"", b""
    for section in sections:
        table += struct.pack("<II", head + len(body), len(section))
        body += section + b"\0" * (-len(section) % 4)
    return MAGIC + struct.pack("<I", len(sections)) + table + body
