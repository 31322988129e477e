/**
 * The native module against an independent binding of the same calls, jnr-ffi, which works on the class path only.
 *
 * <p>In the package of what it tests, as the handles are not public. Runs on JUnit's threads; never shipped.
 */
package io.ringvault.sys;
