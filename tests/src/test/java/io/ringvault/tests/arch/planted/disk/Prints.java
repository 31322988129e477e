package io.ringvault.tests.arch.planted.disk;

/** Planted: a library that prints. */
final class Prints {
    void print() {
        System.out.println();
    }
}
