package io.ringvault.torture;

import java.util.LinkedHashMap;
import java.util.Map;

/** What a torture did so far. Written by its thread, and by the pipe's reader while a worker runs; read by the line. */
public final class TortureCounts {
    volatile int kills;
    volatile int killsWhileOpening;
    volatile int powerCuts;
    volatile int orderlyEnds;
    volatile int reopens;
    volatile int reopensReadOnly;
    volatile int abandoned;
    volatile int verifies;
    volatile long writes;
    volatile long trims;
    volatile long zeroes;
    volatile long syncs;
    volatile long bytesWritten;
    volatile long blocksRead;
    volatile long blocksChecked;
    volatile int beyond;

    /** Changes that were submitted. */
    public long operations() {
        return writes + trims + zeroes;
    }

    /** Processes killed, their caches lost or not. */
    public int deaths() {
        return kills + powerCuts;
    }

    /** Volumes opened after a death and compared in full. */
    public int reopens() {
        return reopens;
    }

    /** Syncs that were answered. */
    public long syncs() {
        return syncs;
    }

    /** Blocks compared with the history. */
    public long blocksChecked() {
        return blocksChecked;
    }

    /** Kills with the device's cache lost. */
    public int powerCuts() {
        return powerCuts;
    }

    /** One line for a person who waits. */
    public String line() {
        return String.format("kills %d  power cuts %d  reopens %d  operations %d  syncs %d  blocks checked %d",
            kills, powerCuts, reopens, operations(), syncs, blocksChecked);
    }

    /** Everything by kind, in the order to be printed. */
    public Map<String, String> lines() {
        final Map<String, String> lines = new LinkedHashMap<>();
        lines.put("processes killed", kills + " (" + killsWhileOpening + " while they opened the volume)");
        lines.put("power cuts", powerCuts + " (killed with a device cache that was lost)");
        lines.put("ended in order", Integer.toString(orderlyEnds));
        lines.put("reopened and compared", reopens + " (" + reopensReadOnly + " read-only, " + abandoned
            + " let go without a close)");
        lines.put("verified in full", Integer.toString(verifies));
        lines.put("operations", operations() + " (" + writes + " writes, " + trims + " trims, " + zeroes
            + " write-zeroes; " + (bytesWritten >> 20) + " MiB written)");
        lines.put("syncs acknowledged", Long.toString(syncs));
        lines.put("blocks checked", blocksChecked + " after reopening, " + blocksRead + " while at work");
        lines.put("commits found beyond", beyond + " times the volume held more than was acknowledged");
        return lines;
    }
}
