package io.ringvault.disk.engine;

/**
 * The old content of the partly written first and last block of a request, in private memory. Read once, before the
 * request is placed; meanwhile every overlapping request waits. Data agent only; pooled.
 */
final class EdgeJob {
    final byte[] head = new byte[4096];
    final byte[] tail = new byte[4096];
    Op op;
    boolean hasHead;
    boolean hasTail;
    int reading;
    int status;
    EdgeJob next;
}
