package io.ringvault.tests.arch.planted.disk;

import java.lang.foreign.Linker;

/** Planted: native access outside its module. */
final class Links {
    Linker linker() {
        return Linker.nativeLinker();
    }
}
