package io.ringvault.tests.harness;

import io.ringvault.block.BlockDevice;

/** Makes toy disks: a correct one and one for each defect. */
public final class ToyDisks {

    private ToyDisks() {
    }

    /** What may be wrong with one. */
    public enum Defect {
        /** Nothing. */
        NONE,
        /** The header is written with FUA, but the area before it was not flushed. */
        HEADER_BEFORE_FLUSH,
        /** Sync returns without the header being durable. */
        EARLY_ACKNOWLEDGEMENT,
        /** One area, overwritten in place. */
        IN_PLACE,
        /** An open without new writes puts an empty disk into the other area: the second reopen loses everything. */
        SECOND_REOPEN_LOSES,
        /** Recovery writes the other area before the flush and names it at once. */
        RECOVERY_NOT_ATOMIC,
        /** A write reaches the committed area without any sync. */
        UNSYNCED_VISIBLE,
        /** A trimmed block comes back after a reopen. */
        TRIM_FORGOTTEN,
        /** Writes into part of a block lose the rest of it. */
        PARTIAL_WRITE_CLEARS_BLOCK
    }

    /** Toy disks of so many blocks. */
    public static DiskKind kind(final int blocks, final Defect defect) {
        return new DiskKind() {
            @Override
            public void format(final BlockDevice device, final SimAnchor anchor) {
                final ToyDisk disk = new ToyDisk(device, blocks, null, Defect.NONE);
                disk.commit(0);
                disk.commit(0);
                device.close();
            }

            @Override
            public TestDisk open(final BlockDevice device, final SimAnchor anchor, final CommitSink sink) {
                final ToyDisk disk = new ToyDisk(device, blocks, sink, defect);
                disk.recover();
                return disk;
            }

            @Override
            public long deviceBytes() {
                return (2L + 2L * blocks) * 4096;
            }

            @Override
            public long userBytes() {
                return (long) blocks * 4096;
            }
        };
    }
}
