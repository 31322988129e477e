/**
 * The {@code ringvault} command: one class per subcommand, one place that turns failures into exit codes.
 *
 * <p>Who calls it: a person or a script, through {@link io.ringvault.cli.Main}, on the main thread. What it never does:
 * print a stack trace, take a secret on the command line, or exit with a code that does not say what kind of failure it
 * was.
 */
package io.ringvault.cli;
