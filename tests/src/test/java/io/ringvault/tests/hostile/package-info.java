/**
 * The whole secure disk over NVMe controllers that are odd, broken or hostile: formats and limits, a seeded fuzzer that
 * plays the controller, and a scan of all memory that a device can see for plaintext and keys.
 */
package io.ringvault.tests.hostile;
