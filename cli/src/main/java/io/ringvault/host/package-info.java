/**
 * What this machine has and how it is prepared: the NVMe controllers that sysfs shows, handing one over between
 * drivers, and the doctor that says what a fast or a confidential set-up still needs.
 *
 * <p>Called by the commands of {@code io.ringvault.cli}, on the main thread. Everything is read through {@link
 * io.ringvault.sys.SystemTree}, so that tests show it other machines. Nothing here opens a controller, and only {@link
 * io.ringvault.host.DriverBinding#apply} writes, what it announced before.
 */
package io.ringvault.host;
