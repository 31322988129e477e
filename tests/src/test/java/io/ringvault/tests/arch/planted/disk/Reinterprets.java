package io.ringvault.tests.arch.planted.disk;

import java.lang.foreign.MemorySegment;

/** Planted: a raw pointer outside the native module. */
final class Reinterprets {
    MemorySegment widen(final MemorySegment segment) {
        return segment.reinterpret(1);
    }
}
