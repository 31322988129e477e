/**
 * Suites that run inside a QEMU guest, where an emulated NVMe controller is bound to vfio-pci: the driver and the
 * secure disk against a controller that nobody here wrote, a guest that is killed, a controller that is pulled.
 *
 * <p>{@code Guest} and the test classes run on the host and boot guests through {@code tests/rig/guest.sh}; {@code
 * GuestMain} and what it calls run in the guest, with a plain {@code main}. Nothing here touches a device of the host.
 */
package io.ringvault.tests.guest;
