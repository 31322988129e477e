/**
 * Real NVMe controllers through Linux VFIO: {@code nvme:0000:BB:DD.F}.
 *
 * <p>Read in this order: {@link io.ringvault.nvme.vfio.PciFunction} (what sysfs says about the function), {@code
 * VfioCheck} (every reason to refuse, with the command that removes it), {@code VfioTransport} (registers and memory of
 * an open controller, and the order in which it is let go), {@code DmaArena} (what the controller may reach).
 *
 * <p>Control plane, one thread at a time, but for the BAR itself, which every queue's owner writes. It never touches a
 * controller that another driver owns, never maps anything for DMA but its own arenas, and never frees memory that a
 * controller may still write to.
 */
package io.ringvault.nvme.vfio;
