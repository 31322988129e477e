package io.ringvault.tests.arch.planted.block;

import io.ringvault.tests.arch.planted.sys.Sys;

/** Planted: the port knows nothing native. */
final class KnowsSys {
    private Sys sys;
}
