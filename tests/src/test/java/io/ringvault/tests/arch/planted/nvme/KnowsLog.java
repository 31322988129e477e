package io.ringvault.tests.arch.planted.nvme;

import io.ringvault.tests.arch.planted.log.Log;

/** Planted: a driver knows no log. */
final class KnowsLog {
    private Log log;
}
