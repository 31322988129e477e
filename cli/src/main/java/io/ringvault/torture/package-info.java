/**
 * What a disk was asked to do, which states it may be in after a crash, and the {@code torture} command that kills a
 * process at work again and again and holds the disk to it.
 *
 * <p>Every granule of the disk carries a self-describing value or zeros ({@link io.ringvault.torture.Stamp}); a whole
 * image is compared with <em>every</em> prefix of a client's operations at once ({@link
 * io.ringvault.torture.History}). Called by the command and by the tests, one thread at a time. The checker knows
 * nothing of the engine, so that it cannot share its mistakes; nothing here prints or ends the process.
 */
package io.ringvault.torture;
