package io.ringvault.bench;

import java.util.List;

/**
 * One row.
 *
 * @param jobName      fio-like, for JSON: {@code randwrite-4k}
 * @param title        for the table
 * @param kind         what is done
 * @param random       whether offsets are drawn or follow each other
 * @param requestBytes length of each request, a multiple of 4096
 * @param depth        requests in flight
 */
public record Workload(String jobName, String title, Kind kind, boolean random, int requestBytes, int depth) {

    /** What a row does. */
    public enum Kind {
        /** Writes, then one sync, whose time counts. */
        WRITE,
        /** Reads, each checked. */
        READ,
        /** Each write is followed by a sync before the next begins. */
        WRITE_SYNC
    }

    /** The longest request of any row. */
    public static final int MAX_REQUEST_BYTES = 256 * 1024;

    /** The field's table, and the small synced write. */
    public static List<Workload> table(final int depth) {
        return List.of(
            new Workload("write-256k", "sequential write 256K", Kind.WRITE, false, 256 << 10, depth),
            new Workload("randwrite-4k", "random write 4K", Kind.WRITE, true, 4 << 10, depth),
            new Workload("randwrite-32k", "random write 32K", Kind.WRITE, true, 32 << 10, depth),
            new Workload("randwrite-256k", "random write 256K", Kind.WRITE, true, 256 << 10, depth),
            new Workload("read-256k", "sequential read 256K", Kind.READ, false, 256 << 10, depth),
            new Workload("randread-4k", "random read 4K", Kind.READ, true, 4 << 10, depth),
            new Workload("randread-32k", "random read 32K", Kind.READ, true, 32 << 10, depth),
            new Workload("randread-256k", "random read 256K", Kind.READ, true, 256 << 10, depth),
            new Workload("randwrite-sync-4k", "write 4K + sync", Kind.WRITE_SYNC, true, 4 << 10, 1));
    }

    boolean writes() {
        return kind != Kind.READ;
    }

    /** fio's name for the access pattern. */
    String fioPattern() {
        return (random ? "rand" : "") + (writes() ? "write" : "read");
    }
}
