/**
 * The driver's transport to a controller in another process, over the vfio-user protocol: the messages of VFIO through
 * a unix-domain socket, DMA memory and doorbells as passed descriptors. No kernel driver takes part. The other end may
 * be SPDK's target or {@link io.ringvault.nvme.vfiouser.server}.
 *
 * <p>Register accesses are messages; submissions and completions go through shared memory at the speed of a device.
 * Called by the control plane (open, registers, close); a watching thread of its own looks after the connection, so
 * that a queue's owner never sends a message. The server is not trusted: each size, offset, descriptor and flag that
 * it sends is checked, and each wait has a limit. It reaches the memory that was passed to it and nothing else.
 */
package io.ringvault.nvme.vfiouser;
