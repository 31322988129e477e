package io.ringvault.disk;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.RandomSource;
import io.ringvault.disk.engine.Engine;
import io.ringvault.disk.engine.EngineCounters;
import io.ringvault.disk.engine.SessionRoll;
import io.ringvault.disk.volume.VolumeAccess;
import io.ringvault.disk.volume.VolumeOpener;
import io.ringvault.disk.volume.VolumeRotation;
import io.ringvault.poller.AgentGroup;
import io.ringvault.poller.BlockingWorker;
import io.ringvault.poller.ThreadingMode;
import io.ringvault.ring.ClientChannel;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An open volume.
 *
 * <p>The blocking methods may be called from any thread, virtual ones too, with any alignment and length; an interrupt
 * is kept and delivered after the request has ended, since the buffer is lent until then. {@link #newClient} gives the
 * polled face, one per thread. In {@link ThreadingMode#INVOKER} no thread runs: the caller steps everything by {@link
 * #doWork()}, and the blocking methods step it themselves.
 */
public final class SecureDisk implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(SecureDisk.class.getName());
    private static final int CLIENT_DEPTH_MAX = 4096;
    private static final long ROLL_POLL_NS = 200_000;

    private final BlockDevice device;
    private final boolean ownsDevice;
    private final VolumeAccess access;
    private final Engine engine;
    private final AgentGroup agents;
    private final boolean readOnly;
    private final long sizeBytes;
    private final String aeadName;
    private final List<String> warnings;
    private final BlockingCalls blocking;
    private final AtomicBoolean closed = new AtomicBoolean();
    private boolean abandoned;
    private final RandomSource random;
    private final ReentrantLock rolling = new ReentrantLock();

    private SecureDisk(final BlockDevice device, final boolean ownsDevice, final VolumeAccess access,
        final Engine engine,
                       final AgentGroup agents, final boolean readOnly, final long sizeBytes,
                       final String aeadName, final RandomSource random) {
        this.device = device;
        this.ownsDevice = ownsDevice;
        this.access = access;
        this.engine = engine;
        this.agents = agents;
        this.readOnly = readOnly;
        this.sizeBytes = sizeBytes;
        this.aeadName = aeadName;
        this.random = random;
        this.warnings = VolumeOpener.warnings(access);
        this.blocking = new BlockingCalls(engine, agents);
    }

    /**
     * Opens a volume. Nothing is written to one that is refused.
     *
     * @throws StorageException CONFIGURATION (in use, bad arguments), IO, INTEGRITY (damage), FRESHNESS (rollback,
     *     fork, missing anchor),
     *                          WRONG_KEY or OUT_OF_SPACE, saying what to do next
     */
    public static SecureDisk open(final SecureDiskContext context) {
        context.config.validate();
        final KeySecret key = DeviceAccess.key(context.keySource);
        BlockDevice device = null;
        VolumeAccess access = null;
        Engine engine = null;
        try {
            device = DeviceAccess.open(context.deviceUri, context.device, context.readOnly ? OpenMode.READ_ONLY
                : OpenMode.READ_WRITE);
            access = VolumeAccess.open(device, key, context.anchor, context.anchorInstance, context.aead);
            final Engine.Start start = context.readOnly ? VolumeOpener.openForReading(access, context.config)
                : VolumeOpener.openForWriting(access, context.config, context.random);
            access.closeStore();
            final ThreadingMode mode = threadingMode(context, device);
            final BlockingWorker worker = mode == ThreadingMode.INVOKER ? BlockingWorker.inline()
                : BlockingWorker.threaded("ringvault-worker", 16);
            engine = new Engine(start, context.config, context.aead, context.random, context.clock, worker,
                context.commitListener);
            final Engine running = engine;
            final AgentGroup agents = AgentGroup.start(new AgentGroup.Options(mode, context.idleStrategy,
                (role, thrown) -> running.fail(role, thrown), context.cores, 10_000_000_000L), engine.agents());
            return new SecureDisk(device, device != context.device, access, engine, agents, context.readOnly,
                start.geometry().userBlocks() * 4096L, context.aead.name(),
                context.random);
        } catch (final RuntimeException failed) {
            if (engine != null) {
                engine.close();
            }
            if (access != null) {
                access.close();
            }
            if (device != null) {
                DeviceAccess.close(device, context.device);
            }
            throw failed;
        } finally {
            key.close();
        }
    }

    /** Agents that share the only queue of a device share a thread too. */
    private static ThreadingMode threadingMode(final SecureDiskContext context, final BlockDevice device) {
        final ThreadingMode mode = context.threadingMode != null ? context.threadingMode
            : ThreadingMode.defaultFor(Runtime.getRuntime().availableProcessors());
        if (mode != ThreadingMode.DEDICATED || context.readOnly || Engine.mayUseThreads(device)) {
            return mode;
        }
        if (context.threadingMode != null) {
            LOGGER.log(System.Logger.Level.WARNING, "device ''{0}'' has one I/O queue: both agents run on one thread",
                device.uri());
        }
        return ThreadingMode.SHARED;
    }

    /** Bytes of the volume, a multiple of 4096. */
    public long sizeBytes() {
        return sizeBytes;
    }

    public boolean readOnly() {
        return readOnly;
    }

    /** The implementation that seals and opens: {@link io.ringvault.crypto.AeadProvider#name}. */
    public String aeadName() {
        return aeadName;
    }

    /** What the user should know, found while opening. */
    public List<String> warnings() {
        return warnings;
    }

    // ---- blocking face

    /** Reads the newest bytes; blocks until they are there. */
    public void read(final long offset, final MemorySegment target, final long targetOffset, final int length) {
        checkOpen();
        blocking.read(offset, target, targetOffset, length);
    }

    /** Writes; returns when the bytes are placed and visible, not yet durable: see {@link #sync}. */
    public void write(final long offset, final MemorySegment source, final long sourceOffset, final int length) {
        checkOpen();
        blocking.write(offset, source, sourceOffset, length);
    }

    /** Returns when everything written before is durable and, with an anchor, cannot be undone. */
    public void sync() {
        checkOpen();
        blocking.sync();
    }

    /** Frees the whole blocks of a range: they read as zeros. */
    public void trim(final long offset, final long length) {
        checkOpen();
        blocking.trim(offset, length);
    }

    /** Makes a range read as zeros. */
    public void writeZeroes(final long offset, final long length) {
        checkOpen();
        blocking.writeZeroes(offset, length);
    }

    private void checkOpen() {
        if (closed.get()) {
            throw StorageException.configuration("the disk is closed");
        }
    }

    // ---- polled face

    /**
     * A client for one thread.
     *
     * @param depth requests in flight, 1..4096; rounded up to a power of two
     */
    public DiskClient newClient(final int depth) {
        checkOpen();
        if (depth < 1 || depth > CLIENT_DEPTH_MAX) {
            throw StorageException.configuration("client depth " + depth + "; it must be 1 to " + CLIENT_DEPTH_MAX);
        }
        final ClientChannel channel = engine.connect(Math.max(2, Integer.highestOneBit(2 * depth - 1)));
        if (channel == null) {
            throw StorageException.configuration("all places for clients are taken; close one or raise maxClients");
        }
        return new DiskClient(engine, channel, closed);
    }

    /** INVOKER mode: one duty cycle of all agents; the work done. */
    public int doWork() {
        return agents.invoke();
    }

    /** A snapshot of the counters. Any thread. */
    public DiskCounters counters() {
        final EngineCounters c = engine.counters();
        return new DiskCounters(c.userBytesWritten, c.userBytesRead, c.deviceBytesWritten + c.indexBytesWritten,
            c.deviceBytesRead,
            c.deviceWrites + c.indexWrites, c.deviceFlushes + c.indexFlushes, c.indexBytesWritten, c.commits,
            c.engineCommits,
            c.checkpoints, c.compactions, c.segmentsCleaned, c.blocksRelocated, c.blocksLost, engine.freeSegments(),
            engine.segments(),
            c.integrityErrors, c.deviceResets, c.rewrittenChunks, c.anchorAdvances,
            c.anchorFailures, c.exposedCommits, engine.poisonReason());
    }

    /** Ends what is in flight, commits, writes a last checkpoint, and lets go of the device. Idempotent. */
    @Override
    public void close() {
        if (abandoned || !closed.compareAndSet(false, true)) {
            return;
        }
        engine.requestClose();
        boolean interrupted = false;
        if (agents.mode() == ThreadingMode.INVOKER) {
            while (!engine.closed()) {
                agents.invoke();
            }
        } else {
            boolean done = false;
            while (!done && agents.isRunning()) {
                try {
                    done = engine.awaitClosed(100);
                } catch (final InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        release();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (engine.poisonReason() != null && !readOnly) {
            throw StorageException.io("the volume was closed in a read-only state: " + engine.poisonReason()
                + ". What was synced before is safe; open it again to recover");
        }
        final long exposed = engine.counters().exposedCommits;
        if (exposed > 0 && !readOnly) {
            throw StorageException.io("the volume was closed in order, but its freshness anchor could not be advanced: "
                + exposed + " durable commits are not protected against a replaced image until the volume is opened "
                + "again with the anchor");
        }
    }

    /** Lets go of everything without writing a byte, as a crash would. For tests of recovery. */
    public void abandon() {
        if (closed.compareAndSet(false, true)) {
            abandoned = true;
            release();
        }
    }

    // ---- keys

    /**
     * Ends the session and begins the next, under a fresh session key, while the disk is in use: reads go on, writes
     * and syncs wait for one checkpoint. For a resumed machine, or whenever a new key is wanted; the disk does it by
     * itself after 2^32 sealed blocks. Blocks.
     *
     * @throws StorageException when it could not be done; the session then goes on
     */
    public void rollSession() {
        roll(new SessionRoll());
    }

    /**
     * Begins a rotation of the volume key: when this returns, everything is sealed under a new volume key, and the key
     * slots wrap it. What lies under the key before is moved by the cleaner while the disk is in use, also after a
     * reopening; {@link #keyRotation} says how far that is. Then the old key is forgotten. Blocks.
     *
     * @param secrets each opens a key slot, which goes on; all other slots are given up
     * @param drop    agrees to that
     * @throws StorageException WRONG_KEY for a secret that opens no slot; CONFIGURATION when slots would be given up
     *     without consent, or a rotation is under way; otherwise when it could not be done
     */
    public void rotateVolumeKey(final List<KeySource> secrets, final boolean drop) {
        checkOpen();
        final List<KeySecret> opened = new ArrayList<>();
        try {
            secrets.forEach(source -> opened.add(source.obtain()));
            rotate(opened, drop);
        } finally {
            opened.forEach(KeySecret::close);
        }
    }

    private void rotate(final List<KeySecret> secrets, final boolean drop) {
        rolling.lock();
        try {
            final VolumeRotation rotation = VolumeRotation.prepare(access, secrets, null, drop, random);
            try {
                roll(rotation.roll());
            } catch (final StorageException failed) {
                rotation.failed();
                throw failed;
            }
            rotation.done();
        } finally {
            rolling.unlock();
        }
    }

    /** How far the rotation of the volume key is. Any thread. */
    public KeyRotation keyRotation() {
        final int left = engine.oldSegments();
        return new KeyRotation(VolumeOpener.keyNumber(access), left < 0, Math.max(0, left), engine.rotationStalled());
    }

    private void roll(final SessionRoll roll) {
        checkOpen();
        rolling.lock();
        try {
            engine.requestRoll(roll);
            while (!roll.ended()) {
                if (agents.mode() == ThreadingMode.INVOKER) {
                    agents.invoke();
                } else if (!agents.isRunning()) {
                    throw StorageException.io("the disk's agents have ended");
                } else {
                    LockSupport.parkNanos(ROLL_POLL_NS);
                }
            }
        } finally {
            rolling.unlock();
        }
        if (roll.failure() != null) {
            throw StorageException.io("the session could not be rolled: " + roll.failure());
        }
    }

    private void release() {
        try {
            agents.close();
        } finally {
            try {
                engine.close();
            } finally {
                access.close();
                if (ownsDevice) {
                    device.close();
                }
            }
        }
    }
}
