/**
 * JMH benchmarks of the parts.
 *
 * <p>Each runs in JVMs that JMH forks, on the threads that JMH names. Nothing here is shipped, and nothing here asserts
 * a time: a benchmark prints, a reader compares.
 */
package io.ringvault.benchmarks;
