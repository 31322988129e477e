/**
 * The agents of the secure disk and their stages.
 *
 * <p>{@link io.ringvault.disk.engine.DataAgent} runs on the data core and owns the order of the log: sequencing,
 * sealing, the commit chain, the active memtable, all look-ups. {@link io.ringvault.disk.engine.IndexAgent} runs on
 * the index core (or shares the thread) and owns what is built from memtables. They exchange messages through two
 * one-to-one queues. Every other class here is a passive stage: it belongs to one of the two agents, never blocks,
 * never locks, never logs, and allocates nothing per request.
 */
package io.ringvault.disk.engine;
