/**
 * The benchmark behind {@code ringvault bench}: the rows that storage papers print, measured on the secure disk and on
 * the raw device beside it, in one process, with data that is checked on every read.
 *
 * <p>Who calls it: the {@code bench} command, on its main thread, which is also the one client. What it never does:
 * print
 * by itself (it is given a stream), write to anything but the targets it was given, or report a row whose data did not
 * come back as written.
 */
package io.ringvault.bench;
