/**
 * One named test for each way in which an encrypted log-structured disk is known to have gone wrong elsewhere: data
 * lost at the second
 * reopening, errors taken for absence, journals that wrap, rings that fill up. Small volumes on a simulated device,
 * one thread.
 */
package io.ringvault.tests.traps;
