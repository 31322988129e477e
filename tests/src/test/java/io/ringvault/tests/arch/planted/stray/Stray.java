package io.ringvault.tests.arch.planted.stray;

/** Planted: a package that no layer holds. */
final class Stray {
}
