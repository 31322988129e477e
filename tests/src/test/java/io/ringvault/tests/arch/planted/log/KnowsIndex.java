package io.ringvault.tests.arch.planted.log;

import io.ringvault.tests.arch.planted.lsm.Index;

/** Planted: the log stands above the index. */
final class KnowsIndex {
    private Index index;
}
