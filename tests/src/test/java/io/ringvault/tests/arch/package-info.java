/**
 * The architecture, held by tests: which package may know which, and where unsafe code may live.
 *
 * <p>Runs on the test thread. Reads class files and starts one JDK tool; never touches a device.
 */
package io.ringvault.tests.arch;
