/**
 * The index from LBA to place: one active {@link io.ringvault.lsm.Memtable}, frozen memtables, and sorted tables in
 * levels.
 *
 * <p>A record says, for one LBA: PRESENT (generation, slot, tag), TRIMMED (reads as zeros) or LOST (reads as an error
 * until it is overwritten). Trims and losses also exist as ranges. Tables are write-once objects of sealed 4 KiB
 * blocks; their byte maps are in {@code docs/format.md}, sections 7.1-7.4.
 *
 * <p><b>Who calls it.</b> The data agent owns the active memtable, the {@link io.ringvault.lsm.BlockCache} and every
 * {@link io.ringvault.lsm.Found}, and looks up in an immutable {@link io.ringvault.lsm.IndexVersion}. The index agent
 * runs {@link io.ringvault.lsm.FlushJob} and {@link io.ringvault.lsm.MergeJob} step by step, asks
 * {@link io.ringvault.lsm.CompactionPolicy} what to do next, and publishes versions. Nothing here has a thread or a
 * lock.
 *
 * <p><b>What it never does.</b> It never reads a device, never sees a key or a ciphertext, never decides when an edit
 * is durable, and a look-up never treats an error as the absence of a record: what cannot be read hides everything
 * that is older.
 */
package io.ringvault.lsm;
