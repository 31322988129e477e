package io.ringvault.log;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.VolumeKey;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/**
 * Finds anchors by their text: {@code none}, or {@code SCHEME:PLACE} with a scheme that an {@link AnchorProvider} on
 * the module path offers. Control plane.
 */
public final class Anchors {
    /** No anchor. */
    public static final String NONE = "none";

    private Anchors() {
    }

    /**
     * Opens the anchor that a volume requires.
     *
     * @param spec       what the user gave, or the superblock's hint; empty counts as none
     * @param requiredId the superblock's anchor id: all zero when the volume requires none
     * @throws StorageException FRESHNESS when one is required and none, a damaged one or another one is there;
     *         CONFIGURATION when one is given to a volume that has none; IO when it cannot be reached
     */
    public static Anchor open(final String spec, final VolumeKey key, final byte[] volumeId, final byte[] requiredId) {
        final AnchorProvider provider = provider(spec);
        final boolean required = !Le.isZero(requiredId, 0, requiredId.length);
        if (provider == null && required) {
            throw StorageException.freshness(
                "missing anchor: the volume requires its freshness anchor, and none was given. "
                + "Give it with --anchor " + forms());
        }
        if (provider != null && !required) {
            throw StorageException.configuration("the volume was formatted without an anchor, and '" + spec
                + "' was given; leave it out or say '" + NONE + "'; 'ringvault adopt' gives the volume an anchor");
        }
        return provider == null ? new NoAnchor()
            : provider.open(target(spec, key, volumeId, RandomSource.kernel()), requiredId);
    }

    /**
     * Creates a new anchor for a volume.
     *
     * @throws StorageException CONFIGURATION for an unknown text or a place that is taken, IO when it cannot be written
     */
    public static Anchor create(final String spec, final VolumeKey key, final byte[] volumeId) {
        final AnchorProvider provider = provider(spec);
        return provider == null ? new NoAnchor()
            : provider.create(target(spec, key, volumeId, RandomSource.kernel()));
    }

    /** How the texts of all anchors look that are here, for help and messages. */
    public static String forms() {
        final StringBuilder forms = new StringBuilder();
        providers().forEach(provider -> forms.append(provider.form()).append(", "));
        return forms.append("or ").append(NONE).toString();
    }

    /** The kind in words, as superblocks record it. */
    public static String kindText(final int kind) {
        return switch (kind) {
            case Anchor.KIND_NONE -> NONE;
            case Anchor.KIND_LOCAL_FILE -> "file";
            case Anchor.KIND_MEMORY -> "memory";
            case Anchor.KIND_TPM -> "tpm";
            case Anchor.KIND_QUORUM -> "quorum";
            default -> "kind " + kind;
        };
    }

    private static AnchorTarget target(final String spec, final VolumeKey key, final byte[] volumeId,
        final RandomSource random) {
        return new AnchorTarget(spec, spec.substring(spec.indexOf(':') + 1), key, volumeId, random);
    }

    /** Null for none. */
    private static AnchorProvider provider(final String spec) {
        if (spec.isEmpty() || spec.equals(NONE)) {
            return null;
        }
        final int colon = spec.indexOf(':');
        for (final AnchorProvider provider : providers()) {
            if (colon > 0 && provider.scheme().equals(spec.substring(0, colon))) {
                return provider;
            }
        }
        throw StorageException.configuration("anchor '" + spec + "' is unknown; write " + forms()
            + (colon > 0 ? ". The anchors tpm: and quorum: are in artifacts of their own, which are not on the module "
                + "path (docs/anchors.md)" : ""));
    }

    private static List<AnchorProvider> providers() {
        final List<AnchorProvider> found = new ArrayList<>();
        try {
            ServiceLoader.load(AnchorProvider.class, Anchors.class.getClassLoader()).forEach(found::add);
        } catch (final ServiceConfigurationError broken) {
            throw new StorageException(StorageException.Category.CONFIGURATION,
                "an anchor provider on the module path is broken: " + broken.getMessage(), broken);
        }
        return found;
    }
}
