"""A stream that is larger than memory: how much of it is in memory at once.

    python benches/stream.py [GIGABYTES]

Batches of 64 MB, all in one buffer that is filled anew, go through `ab.batches` to pyarrow and from there through
`ab.batches` again. Prints one line of JSON: bytes that passed, and the peak resident size before and after."""

import json
import resource
import sys
from pathlib import Path

import aria_array_bridge as ab
import numpy as np
import pyarrow as pa

BATCH = 64_000_000


def peak():
    """The most memory that this process has had, in bytes."""
    # On Linux `getrusage` starts with the peak of the process that started this one.
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def producer(count, buffer):
    """Batches that are all the same memory."""
    for number in range(count):
        buffer[:] = number
        yield {"values": buffer}


def main():
    """Passes the stream, and checks each batch."""
    count = int(float(sys.argv[1] if len(sys.argv) > 1 else 10) * 1e9) // BATCH
    buffer = np.zeros(BATCH // 8)
    before, passed = peak(), 0
    through = pa.RecordBatchReader.from_stream(ab.batches(producer(count, buffer)))
    for number, table in enumerate(ab.batches(through)):
        values = ab.asarray(table["values"], copy=False)
        if values.address != buffer.ctypes.data or values[0].item() != number or values[-1].item() != number:
            sys.exit(f"expected batch {number} in the producer's memory but found another, or a copy")
        passed += values.nbytes
    if passed != count * BATCH:
        sys.exit(f"expected {count * BATCH} bytes but found {passed}")
    print(json.dumps({"bytes": passed, "batch": BATCH, "peak before": before, "peak after": peak()}))


if __name__ == "__main__":
    main()
