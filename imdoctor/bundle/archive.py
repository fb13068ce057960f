"""A bundle's bytes: the same for the same files, whoever packs them and when. Pure."""

import gzip
import io
import tarfile
from collections.abc import Mapping

OWNER_ONLY = 0o600


def pack(files: Mapping[str, bytes], *, folder: str, mtime: int) -> bytes:
    """Return a .tar.gz of the files in one folder, by name. ``mtime`` is Unix seconds."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mtime, entry.mode = len(data), mtime, OWNER_ONLY
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=mtime)
