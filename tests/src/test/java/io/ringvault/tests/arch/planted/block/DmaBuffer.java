package io.ringvault.tests.arch.planted.block;

/** Stands for the DMA memory of the port. */
public final class DmaBuffer {
}
