/**
 * Proof that the proof can fail: defects are planted in the source of the disk one at a time, compiled in memory, and
 * run under the oracle that has to find them. The table of defects is {@code src/test/resources/planted/bugs.txt}.
 */
package io.ringvault.tests.planted;
