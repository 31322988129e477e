package io.ringvault.tests.arch.planted.nvme.spec;

/** Stands for the encoders of the driver. */
public final class Spec {
}
