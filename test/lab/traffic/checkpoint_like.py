"""Runs on a node: makes a tar like a checkpoint's, some of it pages that do not compress, beside some that would.
usage: checkpoint_like.py PATH BYTES [NOISE]      NOISE: the share of the former, three quarters. A dot for each part written: who has no reader any more ends."""

import os
import sys
import tarfile

BLOCK = 512
PART = 1 << 20
END = bytes(2 * BLOCK)


def padded(size):
    return -(-size // BLOCK) * BLOCK


def members(size):
    """(name, bytes), which make an archive of that size, or of a block less."""
    small = [("spec.dump", 6000), ("config.dump", 900), ("checkpoint/inventory.img", 70), ("checkpoint/core-1.img", 1100),
             ("checkpoint/mm-1.img", 2700), ("checkpoint/pagemap-1.img", size // 100_000), ("rootfs-diff.tar", 200_000)]
    others = sum(BLOCK + padded(each) for _, each in small) + BLOCK + len(END)
    pages = (size - others) // BLOCK * BLOCK
    if pages <= 0:
        raise ValueError(f"no archive of {size} bytes: {others} are more")
    return [*small, ("checkpoint/pages-1.img", pages)]


def part(number, size, share=0.75):
    """So much of it noise, the rest what a process fills its tables with."""
    noise = int(size * share)
    return os.urandom(noise) + (b"%015d\n" % number * (size // 16 + 1))[: size - noise]


def write(out, size, written, noise=0.75):
    for name, length in members(size):
        info = tarfile.TarInfo(name)
        info.size, info.mode = length, 0o600
        out.write(info.tobuf(tarfile.GNU_FORMAT))
        for at in range(0, length, PART):
            out.write(part(at, min(PART, length - at), noise))
            written()
        out.write(bytes(padded(length) - length))
    out.write(END)


def dot():
    sys.stdout.write(".")
    sys.stdout.flush()


def main():
    with open(sys.argv[1], "xb") as out:
        write(out, int(sys.argv[2]), dot, *map(float, sys.argv[3:4]))


if __name__ == "__main__":
    main()
