package io.ringvault.disk;

import io.ringvault.block.BlockDevice;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.disk.engine.AnchorPolicy;
import io.ringvault.disk.engine.CommitObserver;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.log.Anchor;
import io.ringvault.poller.IdleStrategies;
import io.ringvault.poller.ThreadingMode;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;

/** How to open a volume: fluent, used once. Control plane. Its {@code toString} names no secret. */
public final class SecureDiskContext {
    String deviceUri;
    BlockDevice device;
    KeySource keySource;
    String anchor;
    Anchor anchorInstance;
    boolean readOnly;
    ThreadingMode threadingMode;
    String idleStrategy = IdleStrategies.DEFAULT;
    List<Integer> cores = List.of();
    NanoClock clock = SystemNanoClock.INSTANCE;
    AeadProvider aead = new SunJceProvider();
    RandomSource random = RandomSource.kernel();
    CommitObserver commitListener = CommitObserver.NONE;
    final EngineConfig config = new EngineConfig();

    /** The device's URI, for example {@code nvme+model:/path}. */
    public SecureDiskContext device(final String uri) {
        this.deviceUri = uri;
        return this;
    }

    /** An open device instead of a URI; it stays the caller's to close. */
    public SecureDiskContext blockDevice(final BlockDevice openDevice) {
        this.device = openDevice;
        return this;
    }

    public SecureDiskContext keyFile(final Path path) {
        return keySource(path == null ? null : KeySources.file(path));
    }

    /** The content of a key file instead of its path; it stays the caller's to zero. */
    public SecureDiskContext key(final byte[] keyBytes) {
        return keySource(KeySources.key(keyBytes));
    }

    /** Where the key or passphrase comes from; asked once. */
    public SecureDiskContext keySource(final KeySource source) {
        this.keySource = source;
        return this;
    }

    /** {@code SCHEME:PLACE} or {@code none}; null: where the volume says. */
    public SecureDiskContext anchor(final String spec) {
        this.anchor = spec;
        return this;
    }

    /** An anchor of the caller's own; closed with the disk. */
    public SecureDiskContext anchorInstance(final Anchor instance) {
        this.anchorInstance = instance;
        return this;
    }

    /** When the anchor follows the commits; default: every sync. */
    public SecureDiskContext anchorPolicy(final AnchorPolicy policy) {
        config.anchorPolicy = policy;
        return this;
    }

    /** Serves the last (anchored) commit and writes nothing. */
    public SecureDiskContext readOnly(final boolean value) {
        this.readOnly = value;
        return this;
    }

    /** Default: SHARED below four usable cores, otherwise DEDICATED. */
    public SecureDiskContext threadingMode(final ThreadingMode mode) {
        this.threadingMode = mode;
        return this;
    }

    /** An Agrona alias: backoff (default), spin, yield, sleep-ns, noop. */
    public SecureDiskContext idleStrategy(final String alias) {
        this.idleStrategy = alias;
        return this;
    }

    /** Cores to pin the agents' threads to, in order data, index; empty: none. */
    public SecureDiskContext cores(final List<Integer> numbers) {
        this.cores = List.copyOf(numbers);
        return this;
    }

    public SecureDiskContext clock(final NanoClock nanoClock) {
        this.clock = nanoClock;
        return this;
    }

    public SecureDiskContext aeadProvider(final AeadProvider provider) {
        this.aead = provider;
        return this;
    }

    public SecureDiskContext random(final RandomSource source) {
        this.random = source;
        return this;
    }

    /** Hears of commits on the data agent's thread. */
    public SecureDiskContext commitListener(final CommitObserver listener) {
        this.commitListener = listener;
        return this;
    }

    /** Changes capacities, for example {@code c -> c.memtableRecords = 64}. */
    public SecureDiskContext configure(final Consumer<EngineConfig> change) {
        change.accept(config);
        return this;
    }
}
