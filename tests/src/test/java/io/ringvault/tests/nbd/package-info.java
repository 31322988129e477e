/**
 * A small NBD client of its own (fixed newstyle, simple and structured replies), so that the server is judged by code
 * that shares
 * nothing with it. Used by one test thread.
 */
package io.ringvault.tests.nbd;
