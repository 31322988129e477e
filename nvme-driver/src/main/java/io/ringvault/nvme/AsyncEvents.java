package io.ringvault.nvme;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.AsyncEvent;
import io.ringvault.nvme.spec.Opcode;
import io.ringvault.nvme.spec.StatusField;
import io.ringvault.nvme.spec.SubmissionEntry;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Asynchronous events: NVM Express Base 2.1, section 5.2.2. A few event requests stay outstanding on the admin queue.
 * <pre>
 *  ARMED --completion--&gt; PENDING (counted) --log page read, which lets the controller report this kind again--&gt;
 * ARMED
 * </pre>
 * One line per kind of event and minute goes to the listener, with the number of those left out. A controller that
 * reports without end is heard {@link #BATCH} times in one turn of the control plane. Control plane, under the
 * controller's lock; what an event says is only ever a reason to look again, never believed.
 */
final class AsyncEvents {
    /** Events handled in one turn. */
    static final int BATCH = 4;

    private static final long QUIET_NS = 60_000_000_000L;
    private static final int REQUESTS_MAX = 4;
    private static final int KINDS_MAX = 64;

    private static final class Kind {
        private long lastLineNs;
        private long leftOut;
        private boolean heard;
    }

    private final String uri;
    private final Waiter waiter;
    private final Consumer<String> listener;
    private final int[] pending = new int[REQUESTS_MAX];
    private final Map<Integer, Kind> kinds = new HashMap<>();
    private final long[] counts = new long[AsyncEvent.TYPES];
    private int pendingCount;
    private int toArm;
    private boolean namespaceSuspect;

    AsyncEvents(final String uri, final Waiter waiter, final Consumer<String> listener) {
        this.uri = uri;
        this.waiter = waiter;
        this.listener = listener;
    }

    /** A controller was just enabled: chooses what it reports and sends the first requests. */
    void start(final AdminQueue admin, final int requests, final int offered) {
        pendingCount = 0;
        toArm = Math.min(REQUESTS_MAX, requests);
        try {
            admin.execute("Set Features, Asynchronous Event Configuration", Opcode.SET_FEATURES, 0, 0,
                SubmissionEntry.dwords(Opcode.FEATURE_EVENT_CONFIGURATION, AsyncEvent.configuration(offered)), 0);
        } catch (final StorageException refused) {
            if (admin.isDead()) {
                throw refused;
            }
            // A controller may refuse the notices; errors and health are then reported all the same.
        }
        arm(admin);
    }

    private void arm(final AdminQueue admin) {
        while (toArm > 0 && admin.requestEvent()) {
            toArm--;
        }
    }

    /** An event request has ended. */
    void onCompletion(final int status, final int result) {
        if (!StatusField.isSuccess(status)) {
            // Too many requests, or aborted by a reset: this one is not sent again.
            return;
        }
        counts[AsyncEvent.type(result)]++;
        if (pendingCount < pending.length) {
            pending[pendingCount++] = result;
        }
    }

    /** Reads the log pages of what was reported, tells the listener, and asks for more events. */
    int serve(final AdminQueue admin) {
        admin.poll();
        int served = 0;
        while (pendingCount > 0 && served < BATCH) {
            final int event = pending[0];
            pendingCount--;
            System.arraycopy(pending, 1, pending, 0, pendingCount);
            toArm++;
            served++;
            namespaceSuspect |= AsyncEvent.namespaceChanged(event);
            tell(event, readLog(admin, event));
        }
        arm(admin);
        return served;
    }

    private String readLog(final AdminQueue admin, final int event) {
        final int page = AsyncEvent.logPage(event);
        if (page == 0) {
            return "";
        }
        final int dwords = AsyncEvent.logBytes(page) / Integer.BYTES;
        try {
            admin.clearData();
            admin.execute("Get Log Page " + page, Opcode.GET_LOG_PAGE, -1, admin.dataAddress(),
                SubmissionEntry.dwords(dwords - 1 << 16 | page, 0), 0);
            return AsyncEvent.describeLog(page, admin.copyOfData());
        } catch (final StorageException failed) {
            if (admin.isDead()) {
                throw failed;
            }
            return "; " + failed.getMessage();
        }
    }

    private void tell(final int event, final String log) {
        final int key = kinds.size() < KINDS_MAX || kinds.containsKey(event) ? event : 0;
        final Kind kind = kinds.computeIfAbsent(key, unknown -> new Kind());
        final long now = waiter.nowNs();
        if (kind.heard && now - kind.lastLineNs < QUIET_NS) {
            kind.leftOut++;
            return;
        }
        final String more = kind.leftOut == 0 ? "" : " (and " + kind.leftOut + " more like it since the last line)";
        kind.heard = true;
        kind.lastLineNs = now;
        kind.leftOut = 0;
        listener.accept("device '" + uri + "' reports: " + AsyncEvent.describe(event) + log + more);
    }

    /** Whether the namespace should be looked at again; taken once. */
    boolean takeNamespaceSuspect() {
        final boolean suspect = namespaceSuspect;
        namespaceSuspect = false;
        return suspect;
    }

    /** Events so far by type, 0..7: {@link AsyncEvent#ERROR} and the others. */
    long[] counts() {
        return counts.clone();
    }
}
