package io.ringvault.disk.engine;

/**
 * Requests that could not take effect at once, in order of arrival: writes that wait for space, partial writes that
 * read their edges, and whatever overlaps an earlier one of these. A request waits here only behind one that it
 * overlaps (or, a write, behind one that waits for the same space); everything else passes. Usually empty. Data agent
 * only; intrusive list, no allocation.
 */
final class PendingOps {
    private Op head;
    private Op tail;

    boolean isEmpty() {
        return head == null;
    }

    Op first() {
        return head;
    }

    /**
     * Whether the request must wait: an earlier one overlaps it and one of the two writes, or both are writes of one
     * client, which take effect in the order of submission.
     */
    boolean conflicts(final Op op) {
        return conflictsBefore(op, null);
    }

    /** The same, looking only at requests before {@code end}. */
    boolean conflictsBefore(final Op op, final Op end) {
        for (Op other = head; other != end; other = other.pendingNext) {
            final boolean sameClient = other.client == op.client && other.mutates() && op.mutates();
            if (sameClient || other.overlaps(op) && (other.mutates() || op.mutates())) {
                return true;
            }
        }
        return false;
    }

    void append(final Op op, final int pendingState) {
        op.pendingState = pendingState;
        op.pendingNext = null;
        op.pendingPrevious = tail;
        if (tail == null) {
            head = op;
        } else {
            tail.pendingNext = op;
        }
        tail = op;
    }

    void remove(final Op op) {
        if (op.pendingPrevious == null) {
            head = op.pendingNext;
        } else {
            op.pendingPrevious.pendingNext = op.pendingNext;
        }
        if (op.pendingNext == null) {
            tail = op.pendingPrevious;
        } else {
            op.pendingNext.pendingPrevious = op.pendingPrevious;
        }
        op.pendingState = Op.NOT_PENDING;
        op.pendingNext = null;
        op.pendingPrevious = null;
    }
}
