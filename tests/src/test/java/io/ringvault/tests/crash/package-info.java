/**
 * Crashes at every device operation of short scripts, during recovery too, with the whole disk checked after each;
 * and the tests that
 * show that the explorer finds what it is for.
 */
package io.ringvault.tests.crash;
