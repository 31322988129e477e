package io.ringvault.tests.anchor;

import java.util.function.Predicate;

/** Where anchors of one scheme are kept, and what can happen to it. */
interface AnchorPlace extends AutoCloseable {
    /** The text of an anchor that is not there yet. */
    String vacant() throws Exception;

    /** What keeps the anchors ends without warning and starts again. */
    default void restart() throws Exception {
        // It ends with this process.
    }

    /** Whether what keeps the anchors can be reached. */
    boolean reachable(boolean now);

    /** From now on advances arrive and their answers do not; false where there is no way to lose one. */
    default boolean loseAnswers(final boolean now) {
        return false;
    }

    /** Replaces what is kept under the text by something else; false where nobody can. */
    boolean damage(String spec) throws Exception;

    /** Losing every answer. */
    Predicate<byte[]> ALL = request -> true;

    @Override
    void close() throws Exception;
}
