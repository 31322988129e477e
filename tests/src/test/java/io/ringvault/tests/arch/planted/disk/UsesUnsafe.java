package io.ringvault.tests.arch.planted.disk;

import org.agrona.concurrent.UnsafeBuffer;

/** Planted: a buffer that needs a flag. */
final class UsesUnsafe {
    private UnsafeBuffer buffer;
}
