package io.ringvault.nvme.model;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;

/**
 * Asynchronous events of the controller: requests that wait, events that wait for a request, and the log pages that
 * must be read before their events are reported again. Any thread raises; the admin queue's thread does the rest.
 */
final class EventReporter {
    /** Requests that may be outstanding: AERL is one less. */
    static final int REQUESTS = 4;

    private static final int MOST_WAITING = 256;

    private final ArrayDeque<Integer> requests = new ArrayDeque<>();
    private final ArrayDeque<Integer> waiting = new ArrayDeque<>();
    private final Set<Integer> masked = new HashSet<>();

    /** Keeps a request; false when there are too many. */
    synchronized boolean request(final int commandId) {
        return requests.size() < REQUESTS && requests.add(commandId);
    }

    /** Events that no room is left for are dropped: they are notices, not promises. */
    synchronized void raise(final int type, final int information, final int logPage) {
        if (waiting.size() < MOST_WAITING) {
            waiting.add(logPage << 16 | information << 8 | type);
        }
    }

    /** The host has read a log page without asking to keep its event. */
    synchronized void logRead(final int page) {
        masked.remove(page);
    }

    /** The controller was reset: the host's requests are gone, and what was not reported with them. */
    synchronized void reset() {
        requests.clear();
        waiting.clear();
        masked.clear();
    }

    /** Posts what can be reported. */
    synchronized int deliver(final SubmissionRing admin) {
        int posted = 0;
        final Iterator<Integer> events = waiting.iterator();
        while (events.hasNext() && !requests.isEmpty() && admin.completions().hasRoom()) {
            final int event = events.next();
            final int page = event >>> 16;
            if (page == 0 || masked.add(page)) {
                events.remove();
                admin.completions().post(0, admin.head(), requests.remove(), ModelStatus.OK, event, 0, 0);
                posted++;
            }
        }
        return posted;
    }
}
