/**
 * Watches everything that is sealed and everything that a device is given, over all sessions, crashes and clones of a
 * test:
 * no (key, nonce) twice, no block on the device that was not sealed.
 */
package io.ringvault.tests.nonce;
