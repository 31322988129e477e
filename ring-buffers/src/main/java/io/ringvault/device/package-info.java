/**
 * Devices that need no native access: {@code mem:} and {@code file:}, the portable fall-backs.
 *
 * <p>Opened by the control plane through {@link io.ringvault.block.BlockDevices}; each queue belongs to one thread.
 * A memory
 * queue does its work inside {@code poll}; a file queue has one blocking worker thread of its own, which parks when
 * idle. Nothing
 * here interprets what it stores.
 */
package io.ringvault.device;
