/**
 * The scenarios that the on-disk protocol was designed against, each one a short story that can be told again: a crash
 * at the worst moment, a device that lies, a second writer. {@code docs/proofs.md} maps every scenario to its tests.
 * One thread, simulated devices, tiny capacities; nothing here ships.
 */
package io.ringvault.tests.scenarios;
