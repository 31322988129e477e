package io.ringvault.log;

import io.ringvault.block.StorageException;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The scheme {@code memory:NAME}: anchors that live as long as this process, for tests and for embedders that try
 * things. They protect against nothing that outlives the process. Any thread.
 */
public final class MemoryAnchorProvider implements AnchorProvider {
    private static final Map<String, MemoryAnchor> ANCHORS = new ConcurrentHashMap<>();

    @Override
    public String scheme() {
        return "memory";
    }

    @Override
    public String form() {
        return "memory:NAME";
    }

    @Override
    public int kind() {
        return Anchor.KIND_MEMORY;
    }

    @Override
    public Anchor create(final AnchorTarget target) {
        final MemoryAnchor anchor = new MemoryAnchor(target.newId(), target.spec());
        if (ANCHORS.putIfAbsent(target.place(), anchor) != null) {
            throw StorageException.configuration("this process has an anchor " + target.spec()
                + " already; choose another name");
        }
        return anchor;
    }

    @Override
    public Anchor open(final AnchorTarget target, final byte[] requiredId) {
        final MemoryAnchor anchor = ANCHORS.get(target.place());
        if (anchor == null) {
            throw StorageException.freshness("missing anchor: this process has no " + target.spec()
                + "; a memory anchor ends with the process that made it. 'ringvault adopt' gives the volume another");
        }
        if (!Arrays.equals(anchor.id(), requiredId)) {
            throw StorageException.freshness("anchor " + target.spec()
                + " is not the one that the volume requires now");
        }
        return anchor;
    }

    /** Forgets an anchor, as the end of the process does. */
    public static void forget(final String name) {
        ANCHORS.remove(name);
    }
}
