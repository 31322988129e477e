package io.ringvault.disk.engine;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.SharedQueue;
import io.ringvault.block.DmaBuffer;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.CommitId;
import io.ringvault.log.Geometry;
import io.ringvault.log.PageDirectory;
import io.ringvault.log.SegmentState;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;
import io.ringvault.log.SessionTable;
import io.ringvault.log.Superblock;
import io.ringvault.lsm.CompactionPolicy;
import io.ringvault.lsm.IndexVersion;
import io.ringvault.poller.BlockingWorker;
import io.ringvault.ring.ClientChannel;
import io.ringvault.ring.OneToOneQueue;
import io.ringvault.ring.RequestRing;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.NanoClock;

/**
 * Builds the stages of a volume that was opened and wires them to each other; afterwards the control plane's handle on
 * the agents. Each agent gets an AEAD, session keys and a device queue of its own. Control plane, except where a
 * method says any thread.
 */
public final class Engine implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(Engine.class.getName());
    private static final int MAILBOX = 256;
    private static final int OWNERS = 2;
    private static final int LOADER_SLOTS = 64;
    /** Requests of one client that the ring has room for; a client whose request finds none tries again. */
    private static final int RING_REQUESTS_PER_CLIENT = 256;

    /**
     * Everything the agents start from.
     *
     * @param device       open; closed by its owner after the engine
     * @param anchor       null without one
     * @param anchored     what the anchor holds; null without one
     * @param session      null for a read-only volume
     * @param current      the slot that is current
     * @param rawSlots     both slots as last seen
     * @param directory    of the current checkpoint
     * @param replayPoint  null for a read-only volume
     * @param streamStart  segment, generation, successor, its generation, for each stream; null for a read-only volume
     */
    public record Start(BlockDevice device, Geometry geometry, VolumeKey volumeKey, byte[] volumeId, Anchor anchor,
                        AnchorValue anchored, SessionIdentity session, SegmentTable table, SessionTable sessions,
                        IndexVersion index,
                        Superblock current, byte[][] rawSlots, PageDirectory directory, long nextGeneration,
                        long nextTableId,
                        CommitId base, ReplayPoint replayPoint, long[][] streamStart, BitSet lately) {
    }

    private final EngineState state;
    private final EngineCounters indexCounters = new EngineCounters();
    private final int segments;
    private final DataAgent dataAgent;
    private final IndexAgent indexAgent;
    private final BlockingWorker worker;
    private final RequestRing requests;
    private final ClientPort[] clients;
    private final SessionKeys dataKeys;
    private final SessionKeys indexKeys;
    private final List<ClientChannel> channels = new ArrayList<>();

    public Engine(final Start start, final EngineConfig config, final AeadProvider aead, final RandomSource random,
                  final NanoClock clock, final BlockingWorker worker, final CommitObserver observer) {
        final boolean readOnly = start.session() == null;
        final Geometry geometry = start.geometry();
        final BlockDevice device = start.device();
        this.worker = worker;
        state = new EngineState(config, readOnly, device::failureReason);
        segments = geometry.segmentCount();
        state.hints.freeSegments = start.table().count(SegmentState.FREE);
        requests = new RequestRing(Integer.highestOneBit(config.maxClients * RING_REQUESTS_PER_CLIENT - 1) << 1);
        clients = new ClientPort[config.maxClients];

        final BlockQueue[] queues = queues(device, config.queueDepth, readOnly ? 1 : OWNERS);
        final BlockQueue queue = queues[0];
        final BlockSealer sealer = new BlockSealer(aead.create());
        dataKeys = new SessionKeys(start.volumeKey(), start.volumeId(), sealer.aead(), start.sessions());
        final OneToOneQueue<Object> toIndex = new OneToOneQueue<>(MAILBOX);
        final OneToOneQueue<Object> toData = new OneToOneQueue<>(MAILBOX);
        final TableIds tableIds = new TableIds(start.nextTableId());
        final SpaceReserves reserves = SpaceReserves.of(geometry, config);
        final SegmentTable table = start.table();
        final long sessionId = readOnly ? 0 : start.session().id();

        final SegmentAllocator allocator = new SegmentAllocator(table, reserves, sessionId, start.nextGeneration(),
            start.base().sequence() + 1, start.lately(), readOnly);
        final DurableWindow window = new DurableWindow(device, queue, geometry, state, start.base().sequence());
        final ChunkWriter chunks = new ChunkWriter(state, geometry, table, allocator, window, sealer, start.session(),
            readOnly ? null : dataKeys.key(sessionId), start.base());
        if (!readOnly) {
            for (int i = 0; i < LogStream.COUNT; i++) {
                final long[] at = start.streamStart()[i];
                chunks.stream(i).start((int) at[0], at[1], (int) at[2], at[3]);
            }
        }
        final IndexStage index = new IndexStage(state, table, allocator, chunks, toIndex, start.index(),
            start.replayPoint());
        chunks.connect(index);
        final AnchorStage anchorStage = new AnchorStage(state, start.anchored() == null ? null : start.anchor(), worker,
            sessionId,
            start.anchored(), start.base().epoch());
        final CommitSequencer commits = new CommitSequencer(state, chunks, window, anchorStage, observer, start.base());
        final IndexLoader loader = new IndexLoader(state, geometry, table, queue, sealer, dataKeys, index.cache(),
            device.allocate((long) LOADER_SLOTS * Geometry.BLOCK_BYTES));
        final DmaBuffer readBuffers = device.allocate((long) config.readSlots * config.readSlotBlocks
            * Geometry.BLOCK_BYTES);
        final ReadPath reads = new ReadPath(state, geometry, table, allocator, index, loader, window, chunks, queue,
        sealer, dataKeys,
            readBuffers);
        final Relocator relocator = new Relocator(state, geometry, table, allocator, chunks, window, index, loader,
            queue, sealer,
            dataKeys, device.allocate(Math.min(geometry.segmentBlocks(), 164L) * Geometry.BLOCK_BYTES));
        loader.connect(reads, relocator);
        final WritePath writes = new WritePath(state, chunks, index, reads, commits, epochBytes(geometry, config,
            reserves));
        writes.spaceJudge(relocator);
        final CheckpointStage checkpoints = new CheckpointStage(state, table, allocator, chunks, commits, index,
            anchorStage, relocator, start.sessions(), start.volumeKey().number(), sessionId,
            start.current().serial(), tableIds, start.directory(), start.current().engineCommits(),
            geometry.segmentBlocks());
        final RollStage roll = new RollStage(state, table, allocator, chunks, window, commits, index, anchorStage,
            checkpoints, relocator, tableIds, dataKeys, worker, random, indexCounters, start.volumeKey(),
            start.session());
        if (!readOnly && start.sessions().previousKeyNumber(start.volumeKey().number()) != 0) {
            relocator.rotateBelow(start.sessions().firstUnder(start.volumeKey().number()));
            state.hints.oldSegments = 0;
        }
        final RotationStage rotation = new RotationStage(state, table, relocator, checkpoints, roll, index, allocator,
            dataKeys);
        final ClientIntake intake = new ClientIntake(state, requests, clients, geometry.userBlocks(), writes, commits);
        dataAgent = new DataAgent(state, clock, queue, intake, reads, writes, index, relocator, chunks, window, commits,
            checkpoints,
            allocator, loader, anchorStage, roll, rotation, worker, toData);

        final IndexSide indexSide = readOnly ? new IndexSide(null, null)
            : indexSide(start, config, aead, random, queues[1], toIndex, toData, tableIds, reserves);
        indexAgent = indexSide.agent();
        indexKeys = indexSide.keys();
    }

    /** The index agent and the keys that it opens and seals with; nulls where nothing is written. */
    private record IndexSide(IndexAgent agent, SessionKeys keys) {
    }

    private IndexSide indexSide(final Start start, final EngineConfig config, final AeadProvider aead,
        final RandomSource random, final BlockQueue queue, final OneToOneQueue<Object> toIndex,
        final OneToOneQueue<Object> toData, final TableIds tableIds, final SpaceReserves reserves) {
        final BlockDevice device = start.device();
        final Geometry geometry = start.geometry();
        final SegmentTable table = start.table();
        final long sessionId = start.session().id();
        final BlockSealer sealer = new BlockSealer(aead.create());
        final SessionKeys keys = new SessionKeys(start.volumeKey(), start.volumeId(), sealer.aead(), start.sessions());
        final ObjectSegments objectSegments = new ObjectSegments(table);
        final ObjectWriter writer = new ObjectWriter(device, queue, geometry, sealer, keys.key(sessionId),
            start.session(), config, indexCounters);
        final ObjectFetcher fetcher = new ObjectFetcher(device, queue, geometry, sealer, keys, objectSegments,
            indexCounters);
        final SlotWriter slots = new SlotWriter(device, queue, geometry, start.volumeKey(), start.volumeId(), random,
            start.rawSlots()[0], start.rawSlots()[1]);
        return new IndexSide(new IndexAgent(config, queue, writer, fetcher, objectSegments, slots, toIndex, toData,
            tableIds, new CompactionPolicy(config.compaction()), reserves, state.hints, geometry.segmentBlocks(), keys,
            sessionId, start.index(), start.current(), start.directory()), keys);
    }

    /** Whether the agents may have threads of their own on this device: they must not where they share a queue. */
    public static boolean mayUseThreads(final BlockDevice device) {
        return device.queues() >= OWNERS;
    }

    private static BlockQueue[] queues(final BlockDevice device, final int depth, final int owners) {
        if (device.queues() < owners) {
            return SharedQueue.open(device, depth, owners);
        }
        final BlockQueue[] queues = new BlockQueue[owners];
        for (int i = 0; i < owners; i++) {
            queues[i] = device.openQueue(depth);
        }
        return queues;
    }

    private static long epochBytes(final Geometry geometry, final EngineConfig config, final SpaceReserves reserves) {
        if (config.epochBytes > 0) {
            return config.epochBytes;
        }
        final long userSegments = geometry.userBlocks() / (geometry.segmentBlocks() - 2) + 1;
        final long spare = Math.max(4, geometry.segmentCount() - userSegments - reserves.user());
        return Math.max(1L << 16, spare * geometry.segmentBytes() / 4);
    }

    /** The agents, in the order in which one thread runs them. */
    public List<Agent> agents() {
        return indexAgent == null ? List.of(dataAgent) : List.of(dataAgent, indexAgent);
    }

    /**
     * Registers a client. Any thread.
     *
     * @param depth requests in flight, a power of two
     */
    public synchronized ClientChannel connect(final int depth) {
        for (int id = 0; id < clients.length; id++) {
            if (clients[id] == null) {
                final ClientChannel channel = new ClientChannel(id, requests, depth);
                clients[id] = new ClientPort(channel);
                channels.add(channel);
                return channel;
            }
        }
        return null;
    }

    /** Frees a client's place; it has nothing in flight. Any thread. */
    public synchronized void disconnect(final ClientChannel channel) {
        channels.remove(channel);
        clients[channel.clientId()] = null;
    }

    /** Starts the orderly close: see {@link DataAgent#requestClose}. Any thread. */
    public void requestClose() {
        dataAgent.requestClose();
    }

    /** Waits until the close that was asked for is done; false when the time is over. Any thread but an agent's. */
    public boolean awaitClosed(final long timeoutMs) throws InterruptedException {
        return dataAgent.closedLatch().await(timeoutMs, java.util.concurrent.TimeUnit.MILLISECONDS);
    }

    public boolean closed() {
        return dataAgent.closed();
    }

    /**
     * A stage threw: a defect of this program, something that the port excludes, or a fault of mapped memory (the
     * device's registers, or a file that was cut short) that the JVM reported late. The volume is poisoned with that
     * reason, and the agent goes no further. On the agent's thread.
     */
    public void fail(final String role, final Throwable thrown) {
        state.poison(role + " failed: " + (thrown instanceof InternalError
            ? "mapped memory faulted; the device's registers, or a mapped file, are gone: " : "") + thrown);
        LOGGER.log(System.Logger.Level.ERROR, role + " failed; the volume takes no more writes", thrown);
    }

    /** Most bytes of one write, whatever its alignment. Any thread. */
    public int writeBytesMax() {
        return Math.max(1, state.requestBlocks - 1) * Geometry.BLOCK_BYTES;
    }

    /** Asks for a roll of the session; one at a time. Any thread. */
    public void requestRoll(final SessionRoll roll) {
        dataAgent.requestRoll(roll);
    }

    /** Segments that hold blocks under the volume key before; -1 when there is no such key. Any thread. */
    public int oldSegments() {
        return state.hints.oldSegments;
    }

    /** Whether nothing is left to do that could empty them. Any thread. */
    public boolean rotationStalled() {
        return state.hints.rotationStalled;
    }

    /** Null while healthy. Any thread. */
    public String poisonReason() {
        return state.poisonReason();
    }

    /** The counters of both agents, approximate while busy. Any thread. */
    public EngineCounters counters() {
        final EngineCounters sum = new EngineCounters();
        sum.add(state.counters);
        sum.add(indexCounters);
        return sum;
    }

    /** Free segments, a moment ago. Any thread. */
    public int freeSegments() {
        return state.hints.freeSegments;
    }

    public int segments() {
        return segments;
    }

    /** Refuses what came in too late and forgets all keys; the agents have ended. */
    @Override
    public void close() {
        try {
            dataAgent.refuseRest();
            worker.close();
        } finally {
            dataKeys.destroy();
            if (indexKeys != null) {
                indexKeys.destroy();
            }
            dataAgent.release();
        }
    }
}
