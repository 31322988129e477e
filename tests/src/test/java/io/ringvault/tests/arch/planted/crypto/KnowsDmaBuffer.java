package io.ringvault.tests.arch.planted.crypto;

import io.ringvault.tests.arch.planted.block.DmaBuffer;

/** Planted: cryptography never touches DMA memory. */
final class KnowsDmaBuffer {
    private DmaBuffer buffer;
}
