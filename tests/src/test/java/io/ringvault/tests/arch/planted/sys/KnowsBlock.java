package io.ringvault.tests.arch.planted.sys;

import io.ringvault.tests.arch.planted.block.DmaBuffer;

/** Planted: the native layer knows nobody. */
final class KnowsBlock {
    private DmaBuffer buffer;
}
