/**
 * The block device port: what the secure disk needs from a device, and nothing that only one kind of device has.
 *
 * <p>A {@link io.ringvault.block.BlockDevice} is opened by URI ({@link io.ringvault.block.BlockDevices}); each
 * {@link io.ringvault.block.BlockQueue} belongs to one thread, is asynchronous and polled. Results travel as
 * {@link io.ringvault.block.BlockStatus} codes; exceptions ({@link io.ringvault.block.StorageException}) are for
 * opening, closing and configuration only.
 */
package io.ringvault.block;
