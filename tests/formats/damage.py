"""Good files with some of their bytes changed."""

import random

_WORDS = (b"", b"{", b'"', b"]", b"\\", b"\xff", b"9")  # what means something to a reader of JSON


def damaged(content: bytes, chance: random.Random) -> bytes:
    """One, three or twenty places cut or overwritten with what means something to a JSON reader."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 3, 20))):
        at = chance.randrange(len(changed))
        changed[at : at + chance.choice((0, 1, 30))] = chance.choice(_WORDS)
    return bytes(changed)


def mangled(content: bytes, chance: random.Random) -> bytes:
    """One to eight places with a bit flipped, a byte replaced, a slice gone, doubled or replaced by noise."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8))):
        if not changed:
            break
        at, length = chance.randrange(len(changed)), chance.choice((1, 2, 4, 8, 100))
        match chance.randrange(5):
            case 0:
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                changed[at] = chance.choice((0, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            case 2:
                del changed[at : at + length]
            case 3:
                changed[at:at] = changed[at : at + length]
            case 4:
                changed[at:at] = chance.randbytes(length)
    return bytes(changed)
