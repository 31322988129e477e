/**
 * What a disk was asked to do, and which states it may be in after a crash.
 *
 * <p>Used by one test thread at a time. Every granule (512 or 4096 bytes) of the disk carries a self-describing value
 * or zeros;
 * a whole-disk image is compared with <em>every</em> prefix of the operations at once. Nothing here knows the engine.
 */
package io.ringvault.tests.history;
