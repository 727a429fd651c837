"""Good files with some of their bytes changed."""

import random


def damaged(content: bytes, chance: random.Random) -> bytes:
    """One, three or twenty places cut or overwritten with what means something to a JSON reader."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 3, 20))):
        at = chance.randrange(len(changed))
        changed[at : at + chance.choice((0, 1, 30))] = chance.choice(
            (b"", b"{", b'"', b"]", b"\\", b"\xff", b"9")
        )
    return bytes(changed)
