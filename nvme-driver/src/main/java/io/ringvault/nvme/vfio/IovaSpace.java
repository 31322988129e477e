package io.ringvault.nvme.vfio;

import io.ringvault.sys.IoAddressSpace;
import java.util.ArrayList;
import java.util.List;

/**
 * Gives out I/O virtual addresses, upwards from the lowest usable one, each once. Address 0 is left out: to a
 * controller it means "none". One thread.
 */
final class IovaSpace {
    private final List<IoAddressSpace.Range> ranges = new ArrayList<>();
    private final String described;
    private int current;
    private long next;

    IovaSpace(final IoAddressSpace space) {
        ranges.addAll(space.ranges());
        ranges.sort((a, b) -> Long.compareUnsigned(a.first(), b.first()));
        described = ranges.toString();
        next = ranges.isEmpty() ? 0 : ranges.getFirst().first();
    }

    /**
     * The start of {@code lengthBytes} unused addresses, or -1 when there are none left.
     *
     * @param alignment a power of two
     */
    long take(final long lengthBytes, final long alignment) {
        while (current < ranges.size()) {
            final IoAddressSpace.Range range = ranges.get(current);
            final long from = next == 0 ? 1 : next;
            final long start = from + alignment - 1 & -alignment;
            final long last = start + lengthBytes - 1;
            final boolean wrapped = Long.compareUnsigned(start, from) < 0 || Long.compareUnsigned(last, start) < 0;
            if (!wrapped && Long.compareUnsigned(last, range.last()) <= 0) {
                if (last == range.last()) {
                    toNextRange(); // The address after the last of all would be 0, and lie in a range again.
                } else {
                    next = last + 1;
                }
                return start;
            }
            toNextRange();
        }
        return -1;
    }

    private void toNextRange() {
        current++;
        next = current < ranges.size() ? ranges.get(current).first() : 0;
    }

    @Override
    public String toString() {
        return described;
    }
}
