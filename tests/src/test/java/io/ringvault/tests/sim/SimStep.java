package io.ringvault.tests.sim;

import java.util.Arrays;
import java.util.List;

/**
 * One thing that happens in a simulation: a letter and what it needs to know. Steps know nothing of each other, so any
 * of them may be left out.
 *
 * <pre>
 *  w CLIENT FIRST COUNT FUA    write granules      z CLIENT FIRST COUNT FUA    write zeroes
 *  t CLIENT FIRST COUNT        trim                r CLIENT FIRST COUNT        read
 *  s CLIENT                    sync                p CLIENT LIMIT              poll completions
 *  d TIMES, i TIMES            step the data agent, the index agent            e TIMES  both, as the disk does
 *  c MICROSECONDS              time passes         l                           ask for a roll of the session
 *  a FAULT CALLS               the next calls of the anchor fail               n        its late advances arrive
 *  L SEED                      somebody opens a copy for reading               o SEED   the adversary keeps a copy
 *  q                           the anchor answers, and everything in flight must end
 *  k KEEP SEED CALL            crash; late advances arrive at that call of the next life
 *  T SEED                      another process takes the volume over           C        close in good order
 * </pre>
 */
record SimStep(char type, List<Long> with) {
    private static final String TIMES = "die";

    static SimStep of(final char type, final long... with) {
        return new SimStep(type, Arrays.stream(with).boxed().toList());
    }

    /** Argument number {@code index}; 0 when it is not there. */
    long at(final int index) {
        return index < with.size() ? with.get(index) : 0;
    }

    int intAt(final int index) {
        return (int) at(index);
    }

    /** The two as one step when they are alike and can be counted; otherwise null. */
    SimStep joined(final SimStep next) {
        return TIMES.indexOf(type) >= 0 && type == next.type ? of(type, at(0) + next.at(0)) : null;
    }

    static SimStep parse(final String text) {
        final String[] words = text.trim().split("\\s+");
        return new SimStep(words[0].charAt(0), Arrays.stream(words).skip(1).map(Long::parseLong).toList());
    }

    @Override
    public String toString() {
        final StringBuilder text = new StringBuilder().append(type);
        with.forEach(number -> text.append(' ').append(number));
        return text.toString();
    }
}
