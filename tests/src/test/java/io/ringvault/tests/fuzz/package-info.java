/**
 * Fuzzing of everything that reads bytes which somebody else may have written: seeded and structure-aware, since the
 * parsers of this volume lie behind a cipher that no coverage feedback gets through. Each parser gets valid encodings
 * with fields at their extremes, flipped bits, splices and truncations, as if a holder of the key had written them.
 *
 * <p>One thread per test. {@code -Dseed=} starts elsewhere, {@code -Dfuzz.seconds=} is the time of each parser's group.
 * Fuzzers of parsers that are not public lie in the packages of those parsers, and use what is here.
 */
package io.ringvault.tests.fuzz;
