package io.ringvault.tests.arch.planted.nvme.model;

import io.ringvault.tests.arch.planted.nvme.spec.Spec;

/** Planted: the model decodes with its own code. */
final class KnowsSpec {
    private Spec spec;
}
