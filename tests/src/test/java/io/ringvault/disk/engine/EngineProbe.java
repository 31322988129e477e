package io.ringvault.disk.engine;

import io.ringvault.disk.SecureDisk;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionTable;
import io.ringvault.lsm.IndexVersion;
import io.ringvault.lsm.Memtable;
import java.lang.reflect.Field;
import java.util.List;
import org.agrona.concurrent.Agent;

/** Looks into a running engine, for oracles; on the thread that steps it, between two steps. */
public final class EngineProbe {
    private final Engine engine;

    /** Of an open disk in INVOKER mode. */
    public EngineProbe(final SecureDisk disk) {
        engine = (Engine) field(SecureDisk.class, disk, "engine");
    }

    /** The agents, data first, to be stepped one by one. */
    public List<Agent> agents() {
        return engine.agents();
    }

    /** As the agents' own invoker does when one throws. */
    public void fail(final Agent agent, final RuntimeException thrown) {
        engine.fail(agent.roleName(), thrown);
    }

    /** The live segment table. */
    public SegmentTable table() {
        return (SegmentTable) field(SegmentAllocator.class, stage("allocator"), "table");
    }

    /** Frozen memtables and tables. */
    public IndexVersion version() {
        return ((IndexStage) stage("index")).version();
    }

    /** The memtable that takes records. */
    public Memtable active() {
        return (Memtable) field(IndexStage.class, stage("index"), "active");
    }

    /** The sessions as of the last checkpoint. */
    public SessionTable sessions() {
        return ((CheckpointStage) stage("checkpoints")).sessions();
    }

    /** Asks for a roll of the session; it is carried out while the agents are stepped. */
    public SessionRoll roll() {
        final SessionRoll roll = new SessionRoll();
        engine.requestRoll(roll);
        return roll;
    }

    private Object stage(final String name) {
        return field(DataAgent.class, field(Engine.class, engine, "dataAgent"), name);
    }

    private static Object field(final Class<?> type, final Object object, final String name) {
        try {
            final Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field.get(object);
        } catch (final ReflectiveOperationException gone) {
            throw new IllegalStateException(type + "." + name, gone);
        }
    }
}
