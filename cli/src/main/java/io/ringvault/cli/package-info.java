/**
 * The {@code ringvault} command.
 *
 * <p>Runs on the main thread of its own process; the only package that prints or ends the process.
 */
package io.ringvault.cli;
