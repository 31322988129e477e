/**
 * The wire: what the NVM Express specifications say about registers and structures, one small class each, and nothing
 * else.
 *
 * <p>Section numbers are of the NVM Express Base Specification 2.1 and, where said, of the NVM Command Set
 * Specification 1.1. Every class is a set of constants and static accessors over a segment and an offset; only what is
 * shown to people (log pages, Identify field by field) is decoded into objects. Nothing here keeps state, blocks or
 * depends on any other package. Called on any thread: by the driver only. The
 * controller model must never use this package: a wrong offset that both ends share would pass every test.
 */
package io.ringvault.nvme.spec;
