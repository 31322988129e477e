package io.ringvault.tests.arch.planted.disk;

/** Planted: a library that ends the process. */
final class Exits {
    void exit() {
        System.exit(1);
    }
}
