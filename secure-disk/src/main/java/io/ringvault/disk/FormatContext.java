package io.ringvault.disk;

import io.ringvault.block.BlockDevice;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.KdfParameters;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.log.Anchor;
import java.nio.file.Path;
import java.util.function.Consumer;

/** What a new volume shall be: fluent, used once. Control plane. */
public final class FormatContext {
    String deviceUri;
    BlockDevice device;
    KeySource keySource;
    long sizeBytes;
    int segmentBlocks;
    String anchor = "none";
    Anchor anchorInstance;
    boolean force;
    KdfParameters kdf = KdfParameters.DEFAULT;
    RandomSource random = RandomSource.kernel();
    AeadProvider aead = new SunJceProvider();
    final EngineConfig config = new EngineConfig();

    public FormatContext device(final String uri) {
        this.deviceUri = uri;
        return this;
    }

    /** An open device instead of a URI; it stays the caller's to close. */
    public FormatContext blockDevice(final BlockDevice openDevice) {
        this.device = openDevice;
        return this;
    }

    public FormatContext keyFile(final Path path) {
        return keySource(path == null ? null : KeySources.file(path));
    }

    /** The content of a key file instead of its path; it stays the caller's to zero. */
    public FormatContext key(final byte[] keyBytes) {
        return keySource(KeySources.key(keyBytes));
    }

    /** Where the key or passphrase comes from; asked once. */
    public FormatContext keySource(final KeySource source) {
        this.keySource = source;
        return this;
    }

    /** The cost of deriving a key when it is a passphrase. */
    public FormatContext kdf(final KdfParameters parameters) {
        this.kdf = parameters;
        return this;
    }

    /** Bytes that the user of the volume sees, a multiple of 4096; 0: as many as the device holds. */
    public FormatContext sizeBytes(final long bytes) {
        this.sizeBytes = bytes;
        return this;
    }

    /** Blocks of a segment, 16..65536; 0: chosen by size. */
    public FormatContext segmentBlocks(final int blocks) {
        this.segmentBlocks = blocks;
        return this;
    }

    /** {@code none} or {@code SCHEME:PLACE}, for instance {@code file:PATH}. */
    public FormatContext anchor(final String spec) {
        this.anchor = spec == null ? "none" : spec;
        return this;
    }

    /** An anchor of the caller's own. */
    public FormatContext anchorInstance(final Anchor instance) {
        this.anchorInstance = instance;
        return this;
    }

    /** Destroys what the device holds. */
    public FormatContext force(final boolean value) {
        this.force = value;
        return this;
    }

    public FormatContext random(final RandomSource source) {
        this.random = source;
        return this;
    }

    public FormatContext aeadProvider(final AeadProvider provider) {
        this.aead = provider;
        return this;
    }

    /** Capacities that the volume will be used with: reserves depend on them. */
    public FormatContext configure(final Consumer<EngineConfig> change) {
        change.accept(config);
        return this;
    }
}
