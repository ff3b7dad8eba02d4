"""A stream that is larger than memory: how much of it is in memory at once.

    python benches/stream.py [GIGABYTES]

Batches of 64 MB, each in memory of its own, go through `ab.batches` to pyarrow and from there through `ab.batches`
again. A batch that anybody kept would stay in memory, so the peak says how many were alive at once. Prints one line of
JSON: bytes that passed, and the peak resident size before the first batch, after ten of them, and at the end."""

import json
import resource
import sys
from pathlib import Path

import aria_array_bridge as ab
import numpy as np
import pyarrow as pa

BATCH = 64_000_000
EARLY = 10  # Batches after which the peak has to stay.


def peak():
    """The most memory that this process has had, in bytes."""
    # On Linux `getrusage` starts with the peak of the process that started this one.
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Producer:
    """Makes batches, each of fresh memory, and keeps none."""

    address = 0

    def batches(self, count):
        """Yields them; the last one's address is in `address`."""
        for number in range(count):
            values = np.full(BATCH // 8, float(number))
            self.address = values.ctypes.data
            batch = {"values": values}
            del values
            yield batch
            del batch


def main():
    """Passes the stream, and checks each batch."""
    count = int(float(sys.argv[1] if len(sys.argv) > 1 else 10) * 1e9) // BATCH
    producer = Producer()
    before, early, passed, number = peak(), 0, 0, 0
    through = pa.RecordBatchReader.from_stream(ab.batches(producer.batches(count)))
    for table in ab.batches(through):  # `enumerate` would keep each while the next is made.
        values = ab.asarray(table["values"], copy=False)
        if values.address != producer.address or values[0].item() != number or values[-1].item() != number:
            sys.exit(f"expected batch {number} in the producer's memory but found another, or a copy")
        passed += values.nbytes
        del values, table  # Else the names stand while the next batch is made.
        number += 1
        early = peak() if number == EARLY else early
    if passed != count * BATCH:
        sys.exit(f"expected {count * BATCH} bytes but found {passed}")
    peaks = {"peak before": before, "peak early": early, "peak after": peak()}
    if peak() > early + BATCH // 2:
        sys.exit(f"expected a peak that stays at {early} bytes but found {peak()}: batches were kept")
    print(json.dumps({"bytes": passed, "batch": BATCH, **peaks}))


if __name__ == "__main__":
    main()
