package io.ringvault.disk.engine;

import io.ringvault.ring.ClientChannel;
import io.ringvault.ring.RequestRing;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/** One client whose requests a test hands to a stage as ops. */
final class OpRig {
    final RequestRing ring = new RequestRing(1 << 15);
    final ClientChannel channel = new ClientChannel(0, ring, 64);
    final ClientPort port = new ClientPort(channel);
    private final Map<Long, Integer> done = new HashMap<>();
    private Op last;

    Op op(final int opcode, final long token) {
        return op(opcode, 0, 4096, null, token);
    }

    Op op(final int opcode, final long offset, final long length, final MemorySegment buffer, final long token) {
        if (!channel.submit(opcode, 0, offset, length, buffer, 0, token, 0)) {
            throw new IllegalStateException("no credit");
        }
        ring.drain((client, slot, code, flags, at, bytes) -> {
            last = port.accept(slot);
            last.opcode = code;
            last.fua = false;
            last.offsetBytes = at;
            last.lengthBytes = bytes;
            last.firstLba = at / 4096;
            last.lastLba = (at + bytes - 1) / 4096;
        }, 1);
        return last;
    }

    /** The status of a request, or null while it is under way. */
    Integer status(final long token) {
        channel.poll((each, status, detail) -> done.put(each, status), 64);
        return done.get(token);
    }
}
