/**
 * The user-space NVMe driver: bring-up, queues, and the {@link io.ringvault.block.BlockDevice} port over them.
 *
 * <p>Read in this order: {@link io.ringvault.nvme.NvmeTransport} (how a controller is reached), {@code NvmeController}
 * (bring-up and shutdown), {@code QueuePair} (the rings), {@code PrpList} (how memory is described), {@code
 * NvmeBlockQueue} (requests become commands). Control-plane calls (open, queues, close) come from one thread at a time
 * and may block; a queue belongs to the one thread that drives it, and its hot path never allocates, locks, throws or
 * asks the system clock per request.
 *
 * <p>The controller is not trusted: what it says (capabilities, Identify data, completions) is fetched once into
 * private memory and checked. A completion that cannot be ours fails the queue; it never touches another request. The
 * driver does not know what is behind the transport.
 */
package io.ringvault.nvme;
