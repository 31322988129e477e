package io.ringvault.disk.volume;

import io.ringvault.crypto.RandomSource;
import io.ringvault.disk.engine.Engine;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.log.Place;
import io.ringvault.log.PageDirectory;
import io.ringvault.lsm.IndexVersion;

/**
 * Opens a volume: recovers, and for writing begins a session. What it returns is all that the agents need. Control
 * plane.
 */
public final class VolumeOpener {

    private VolumeOpener() {
    }

    /** Opens for reading and writing (protocol rules 23-34). */
    public static Engine.Start openForWriting(final VolumeAccess access, final EngineConfig config,
        final RandomSource random) {
        final VolumeState state = VolumeReplay.replay(access, false, config.windowBytes);
        final StartedSession started;
        try {
            started = SessionStart.begin(access, state, config, random);
        } finally {
            state.keys().destroy();
            state.memtable().close();
        }
        final Place[] streams = started.streams();
        final long[][] streamStart = new long[2][];
        for (int i = 0; i < 2; i++) {
            streamStart[i] = new long[] {streams[2 * i].segment(), streams[2 * i].generation(),
                streams[2 * i + 1].segment(),
                streams[2 * i + 1].generation()};
        }
        return new Engine.Start(access.device, access.header.geometry(), access.volumeKey, access.header.volumeId(),
            access.anchor,
            started.anchored(), started.identity(), started.table(), started.sessions(), started.index(),
            started.current(),
            new byte[][] {started.rawA(), started.rawB()}, started.directory(), started.nextGeneration(),
            started.nextTableId(),
            started.base(), started.replayPoint(), streamStart, started.lately());
    }

    /** Opens for reading only: nothing is written, the anchored commit is served (protocol rule 29). */
    public static Engine.Start openForReading(final VolumeAccess access, final EngineConfig config) {
        final VolumeState state = VolumeReplay.replay(access, true, config.windowBytes);
        IndexVersion index = state.index();
        if (!state.memtable().isEmpty()) {
            state.memtable().freeze();
            index = index.withFrozen(state.memtable());
        }
        final PageDirectory directory = state.directory();
        final var sessions = state.keys().sessions();
        state.keys().destroy();
        return new Engine.Start(access.device, access.header.geometry(), access.volumeKey, access.header.volumeId(),
            access.anchor,
            null, null, state.table(), sessions, index, access.superblocks.current(),
            new byte[][] {access.superblocks.raw(0), access.superblocks.raw(1)}, directory,
            state.log().nextGeneration(),
            state.nextTableId(), state.commit(), null, null, state.lately());
    }

    /** Number of the volume key in use. */
    public static int keyNumber(final VolumeAccess access) {
        return access.volumeKey.number();
    }

    /** Warnings collected so far. */
    public static java.util.List<String> warnings(final VolumeAccess access) {
        return java.util.List.copyOf(access.warnings);
    }
}
