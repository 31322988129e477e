package io.ringvault.nvme.model;

import java.util.ArrayList;
import java.util.List;

/**
 * Faults on a schedule, by count of I/O commands, so that a run can be repeated exactly. Without a rule it costs one
 * volatile read for each command. Any thread.
 */
public final class FaultPlan {
    /** Any opcode. */
    public static final int ANY = -1;
    /** For ever. */
    public static final long FOR_EVER = Long.MAX_VALUE;

    /** What is to happen to one command. */
    record Fault(Kind kind, int status, int holdFor, int xorDword2, int xorDword3, Hang hang, boolean abortable) {
        Fault(final Kind kind, final int status, final int holdFor, final int xorDword2, final int xorDword3) {
            this(kind, status, holdFor, xorDword2, xorDword3, null, true);
        }
    }

    /** Kinds of fault. */
    enum Kind { FAIL, HOLD, MANGLE, HANG, FATAL }

    /** What a command that is never answered does. */
    public enum Hang {
        /** It is not executed. */
        BEFORE,
        /** It is executed. */
        AFTER,
        /** It is executed when the controller is being reset: as late as a command can be. */
        AT_RESET
    }

    private static final class Rule {
        private final int opcode;
        private final Fault fault;
        private long skip;
        private long count;

        Rule(final int opcode, final long skip, final long count, final Fault fault) {
            this.opcode = opcode;
            this.skip = skip;
            this.count = count;
            this.fault = fault;
        }

        boolean strikes(final int commandOpcode) {
            if (opcode != ANY && opcode != commandOpcode || count == 0) {
                return false;
            }
            if (skip > 0) {
                skip--;
                return false;
            }
            if (count != FOR_EVER) {
                count--;
            }
            return true;
        }
    }

    private final List<Rule> rules = new ArrayList<>();
    private volatile boolean active;
    private volatile boolean stuck;
    private volatile int flaps;
    private int flapValue;
    private int refusals;

    /**
     * Fails commands without executing them.
     *
     * @param opcode     I/O opcode, or {@link #ANY}
     * @param skip       matching commands that still succeed
     * @param count      how many then fail, or {@link #FOR_EVER}
     * @param type       status code type
     * @param code       status code
     * @param doNotRetry the DNR bit
     */
    public void fail(final int opcode, final long skip, final long count, final int type, final int code,
                     final boolean doNotRetry) {
        add(new Rule(opcode, skip, count, new Fault(Kind.FAIL, ModelStatus.of(type, code, doNotRetry), 0, 0, 0)));
    }

    /**
     * Executes a command and holds its completion back until {@code others} further completions of its queue were
     * posted; {@link Integer#MAX_VALUE} = never.
     */
    public void hold(final int opcode, final long skip, final long count, final int others) {
        add(new Rule(opcode, skip, count, new Fault(Kind.HOLD, 0, others, 0, 0)));
    }

    /** Executes a command and posts its completion with bits of dwords 2 and 3 turned over. */
    public void mangle(final int opcode, final long skip, final long count, final int xorDword2, final int xorDword3) {
        add(new Rule(opcode, skip, count, new Fault(Kind.MANGLE, 0, 0, xorDword2, xorDword3)));
    }

    /**
     * Never answers a command.
     *
     * @param when      whether and when it is executed
     * @param abortable whether an Abort command ends it
     */
    public void hang(final int opcode, final long skip, final long count, final Hang when, final boolean abortable) {
        add(new Rule(opcode, skip, count, new Fault(Kind.HANG, 0, 0, 0, 0, when, abortable)));
    }

    /** Reports a fatal state (CSTS.CFS) instead of serving a command; nothing is served until a reset. */
    public void fatal(final int opcode, final long skip) {
        add(new Rule(opcode, skip, 1, new Fault(Kind.FATAL, 0, 0, 0, 0)));
    }

    /** From now on a reset never ends: CSTS.RDY stays as it is. */
    public void stickAtReset() {
        stuck = true;
    }

    boolean stuck() {
        return stuck;
    }

    /** The next {@code count} times that it is enabled, the controller reports a fatal state instead. */
    public synchronized void refuseEnables(final int count) {
        refusals = count;
    }

    synchronized boolean takeRefusal() {
        return refusals > 0 && refusals-- > 0;
    }

    /** The next {@code count} reads of CSTS return {@code value}. */
    public synchronized void flap(final int value, final int count) {
        flapValue = value;
        flaps = count;
    }

    /** What a read of CSTS returns. */
    int status(final int real) {
        return flaps == 0 ? real : takeFlap(real);
    }

    private synchronized int takeFlap(final int real) {
        return flaps > 0 && flaps-- > 0 ? flapValue : real;
    }

    /** Forgets all rules. */
    public synchronized void clear() {
        rules.clear();
        active = false;
    }

    private synchronized void add(final Rule rule) {
        rules.add(rule);
        active = true;
    }

    /** What happens to the next command of this opcode; null = nothing. */
    Fault next(final int opcode) {
        return active ? strike(opcode) : null;
    }

    private synchronized Fault strike(final int opcode) {
        Fault struck = null;
        for (final Rule rule : rules) {
            if (rule.strikes(opcode) && struck == null) {
                struck = rule.fault;
            }
        }
        return struck;
    }
}
