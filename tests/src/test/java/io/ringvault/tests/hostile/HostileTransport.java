package io.ringvault.tests.hostile;

import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.NvmeTransport;
import io.ringvault.nvme.model.ControllerModel;
import io.ringvault.nvme.model.ModelTransport;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;

/**
 * A controller that mostly works and then lies: an honest one behind it, and between the two a seeded adversary that
 * sees every byte of DMA memory. It turns register reads, invents and changes completions (identifiers, phases, heads,
 * statuses, old ones again), changes data, lists and queues at any moment, answers Identify and log pages with
 * nonsense, storms with events, changes namespaces in mid-flight, and withholds work. It acts only when armed. Its
 * clock is virtual: waiting costs nothing.
 *
 * <p>It is {@link #inline()}: driven by one thread, everything it does follows from the seed. Owners of queues on
 * several threads may meet it too, hence the lock.
 */
final class HostileTransport implements NvmeTransport {
    private static final long TICK_NS = 200_000;
    private static final int IDENTIFY = 0x06;
    private static final int GET_LOG_PAGE = 0x02;
    private static final int MOST_EVENTS = 4_000;
    /** Where Identify Controller and Identify Namespace say what a driver goes by. */
    private static final int[] FIELDS = {0, 4, 7, 8, 24, 25, 26, 28, 29, 77, 92, 99, 104, 119, 120, 128, 130, 256, 257,
        258, 259, 512, 513, 516, 519, 520, 525};

    private final ModelTransport honest;
    private final ControllerModel model;
    private final Random random;
    private final HostView host;
    private final long[] counts = new long[Attack.values().length];
    private final Runnable step = this::step;
    private int chance;
    private Attack only;
    private int silentSteps;
    private boolean mute;
    private int events;
    private long nowNs;
    private long waitedNs;
    private long allocatedBytes;
    private boolean closed;

    /** @param honest stepped by polls, not by threads of its own */
    HostileTransport(final ModelTransport honest, final long seed) {
        this.honest = honest;
        this.model = honest.model();
        this.random = new Random(seed);
        this.host = new HostView(honest.doorbells());
    }

    /**
     * Arms the adversary.
     *
     * @param oneIn attacks about once in so many opportunities; 0 = never
     * @param kind  the only kind of attack, or null for all
     */
    void arm(final int oneIn, final Attack kind) {
        chance = oneIn;
        only = kind;
    }

    /** Attacks so far, of one kind. */
    long count(final Attack attack) {
        return counts[attack.ordinal()];
    }

    /** DMA memory handed out. */
    long allocatedBytes() {
        return allocatedBytes;
    }

    /** Virtual time that the control plane has waited. */
    long waitedNs() {
        return waitedNs;
    }

    private boolean strikes(final Attack attack) {
        if (chance == 0 || only != null && only != attack || random.nextInt(chance) != 0) {
            return false;
        }
        counts[attack.ordinal()]++;
        return true;
    }

    /** Every opportunity comes here. */
    private synchronized void step() {
        nowNs += TICK_NS;
        if (silentSteps > 0) {
            silentSteps--;
            return;
        }
        if (strikes(Attack.SILENCE)) {
            silentSteps = random.nextInt(4) == 0 ? Integer.MAX_VALUE : random.nextInt(2000);
            mute = random.nextInt(3) == 0;
            return;
        }
        attackNamespaces();
        attackEvents();
        if (!host.buffers().isEmpty()) {
            attackMemory();
            attackCommand();
            attackData();
            attackEventIndexes();
        }
        honest.onPoll().run();
        if (host.isUp()) {
            attackAnswer();
            attackData();
            attackCompletions();
        }
    }

    /** Changes mostly end a device, so they are rare. */
    private void attackNamespaces() {
        if (random.nextInt(16) != 0 || !strikes(Attack.NAMESPACE)) {
            return;
        }
        final boolean tell = random.nextBoolean();
        switch (random.nextInt(5)) {
            case 0 -> model.detachNamespaces(tell);
            case 1 -> model.replaceNamespaces(tell);
            case 2 -> model.changeNamespaces(random.nextLong(), 1 << random.nextInt(31), tell);
            default -> model.changeNamespaces(random.nextLong(1L << random.nextInt(1, 62)),
                random.nextBoolean() ? 512 : 4096, tell);
        }
    }

    private void attackEvents() {
        final boolean ask = only == Attack.LOG_PAGE && random.nextInt(32) == 0; // events have log pages read
        if (events < MOST_EVENTS && (ask || strikes(Attack.EVENT_STORM))) {
            for (int i = 1 + random.nextInt(64); i > 0; i--) {
                events++;
                model.raise(random.nextInt(8), random.nextInt(random.nextBoolean() ? 4 : 256),
                    random.nextInt(random.nextBoolean() ? 5 : 256));
            }
        }
    }

    private void attackMemory() {
        if (strikes(Attack.MEMORY)) {
            final MemorySegment segment = buffer();
            for (int i = 1 + random.nextInt(8); i > 0; i--) {
                segment.set(ValueLayout.JAVA_BYTE, random.nextLong(segment.byteSize()), (byte) random.nextInt());
            }
        }
        if (strikes(Attack.PAGE)) {
            final MemorySegment target = buffer();
            final MemorySegment source = buffer();
            MemorySegment.copy(source, somePage(source), target, somePage(target), HostView.PAGE);
        }
    }

    private long somePage(final MemorySegment memory) {
        return HostView.PAGE * random.nextLong(memory.byteSize() / HostView.PAGE);
    }

    private MemorySegment buffer() {
        return host.buffers().get(random.nextInt(host.buffers().size())).segment();
    }

    private MemorySegment newestCommand() {
        for (int tries = 0; tries < 16; tries++) {
            final MemorySegment command = host.newestCommand(random.nextInt(16));
            if (command != null) {
                return command;
            }
        }
        return null;
    }

    private void attackData() {
        final MemorySegment command = strikes(Attack.DATA) ? newestCommand() : null;
        final MemorySegment data = command == null ? null : host.data(command);
        if (data != null) {
            final long at = random.nextLong(Math.min(data.byteSize(), HostView.PAGE));
            data.set(ValueLayout.JAVA_BYTE, at, (byte) (data.get(ValueLayout.JAVA_BYTE, at) ^ 1 << random.nextInt(8)));
        }
    }

    private void attackCommand() {
        final MemorySegment command = strikes(Attack.COMMAND) ? newestCommand() : null;
        if (command == null) {
            return;
        }
        switch (random.nextInt(4)) {
            case 0 -> turnQword(command, 40, 1L << random.nextInt(12));
            case 1 -> turnDword(command, 0, 1 << random.nextInt(4));
            case 2 -> turnQword(command, 24, (long) HostView.PAGE << random.nextInt(4));
            default -> turnDword(command, 48, 1 << random.nextInt(32));
        }
    }

    private static void turnQword(final MemorySegment memory, final long at, final long bits) {
        memory.set(HostView.QWORD, at, memory.get(HostView.QWORD, at) ^ bits);
    }

    private static void turnDword(final MemorySegment memory, final long at, final int bits) {
        memory.set(HostView.DWORD, at, memory.get(HostView.DWORD, at) ^ bits);
    }

    private void attackEventIndexes() {
        if (!host.shadowed()) {
            return;
        }
        final MemorySegment page = strikes(Attack.EVENT_INDEX) ? host.shadowPage(random.nextInt(4) != 0) : null;
        if (page != null) {
            final int value = switch (random.nextInt(4)) {
                case 0 -> -1;
                case 1 -> random.nextInt(8);
                case 2 -> random.nextInt(1 << 16);
                default -> random.nextInt();
            };
            page.set(HostView.DWORD, 4L * random.nextInt(random.nextBoolean() ? 16 : HostView.PAGE / 4), value);
        }
    }

    /** What Identify or a log page has just answered, or answered a while ago. */
    private void attackAnswer() {
        final int opcode = host.newestAdminOpcode();
        if (opcode == IDENTIFY && strikes(Attack.IDENTIFY) || opcode == GET_LOG_PAGE && strikes(Attack.LOG_PAGE)) {
            final MemorySegment data = host.data(host.newestAdminCommand());
            if (data != null && data.byteSize() >= HostView.PAGE) {
                distort(data.asSlice(0, HostView.PAGE), opcode == IDENTIFY ? FIELDS[random.nextInt(FIELDS.length)]
                    : random.nextInt(512));
            }
        }
    }

    private void distort(final MemorySegment page, final int field) {
        switch (random.nextInt(8)) {
            case 0 -> page.fill((byte) (random.nextBoolean() ? -1 : 0));
            case 1 -> page.asSlice(random.nextInt(HostView.PAGE)).fill((byte) random.nextInt());
            case 2 -> {
                for (int at = 0; at < HostView.PAGE; at++) {
                    page.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt());
                }
            }
            case 3 -> { // a list that never ends, or that goes down
                for (int i = 0; i < HostView.PAGE / 4; i++) {
                    page.set(HostView.DWORD, 4L * i, random.nextBoolean() ? i + 1 : -1 - i);
                }
            }
            default -> page.set(ValueLayout.JAVA_BYTE, field,
                (byte) (random.nextBoolean() ? random.nextInt() : -random.nextInt(2)));
        }
    }

    /** Mostly near the place where the host looks next. */
    private int somewhere(final HostView.Ring ring) {
        return random.nextInt(4) == 0 ? random.nextInt(ring.entries())
            : Math.floorMod(ring.head() + random.nextInt(4) - random.nextInt(2), ring.entries());
    }

    private HostView.Ring ring() {
        final List<HostView.Ring> rings = host.rings();
        return rings.get(random.nextInt(rings.size()));
    }

    private void attackCompletions() {
        if (strikes(Attack.COMPLETION_FIELD)) {
            final HostView.Ring ring = ring();
            ring.set(somewhere(ring), random.nextInt(4), random.nextInt());
        }
        if (strikes(Attack.COMPLETION_INVENTED)) {
            final HostView.Ring ring = ring();
            final int slot = somewhere(ring);
            final int phase = ~ring.get(slot, 3) & 1 << 16;
            ring.set(slot, 2, ring.queue() << 16 | random.nextInt(4));
            ring.set(slot, 3, (random.nextInt(3) == 0 ? random.nextInt(1 << 15) << 17 : 0) | phase
                | random.nextInt(random.nextInt(8) == 0 ? 1 << 16 : 20));
        }
        if (strikes(Attack.COMPLETION_REPEATED)) {
            final HostView.Ring ring = ring();
            final int from = somewhere(ring);
            final int to = somewhere(ring);
            final int phase = random.nextBoolean() ? 0 : 1 << 16;
            for (int word = 0; word < 4; word++) {
                ring.set(to, word, ring.get(from, word) ^ (word == 3 ? phase : 0));
            }
        }
        if (strikes(Attack.STATUS)) {
            final HostView.Ring ring = ring();
            final int slot = somewhere(ring);
            ring.set(slot, 3, ring.get(slot, 3) & 0x1_FFFF | random.nextInt(1 << 15) << 17);
        }
    }

    @Override
    public synchronized int read32(final int offset) {
        nowNs += TICK_NS;
        final int value = silentSteps > 0 && mute ? 0 : honest.read32(offset);
        if (strikes(Attack.REGISTER)) {
            return switch (random.nextInt(4)) {
                case 0 -> -1;
                case 1 -> 0;
                case 2 -> random.nextInt();
                default -> value ^ 1 << random.nextInt(32);
            };
        }
        return value;
    }

    @Override
    public synchronized long read64(final int offset) {
        final long value = honest.read64(offset);
        if (offset == 0) {
            host.capabilities(value);
        }
        if (strikes(Attack.REGISTER)) {
            return switch (random.nextInt(4)) {
                case 0 -> -1;
                case 1 -> random.nextLong();
                default -> value ^ 1L << random.nextInt(64);
            };
        }
        return value;
    }

    @Override
    public synchronized void write32(final int offset, final int value) {
        honest.write32(offset, value);
    }

    @Override
    public synchronized void write64(final int offset, final long value) {
        honest.write64(offset, value);
        host.register(offset, value);
    }

    @Override
    public MemorySegment doorbells() {
        return honest.doorbells();
    }

    @Override
    public synchronized DmaBuffer allocate(final long lengthBytes) {
        final DmaBuffer buffer = honest.allocate(lengthBytes);
        host.allocated(buffer);
        allocatedBytes += lengthBytes;
        return buffer;
    }

    @Override
    public boolean inline() {
        return true;
    }

    @Override
    public Runnable onPoll() {
        return step;
    }

    @Override
    public synchronized long nanoTime() {
        return nowNs;
    }

    @Override
    public synchronized void pause(final long durationNs) {
        nowNs += durationNs;
        waitedNs += durationNs;
        step();
    }

    @Override
    public String isolation() {
        return "none";
    }

    /** Whether the driver let go. */
    boolean isClosed() {
        return closed;
    }

    @Override
    public void close() {
        closed = true;
        honest.close();
    }
}
