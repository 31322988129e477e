/**
 * What crosses threads between an application and the disk: rings of fixed-size records, op tables, slot pools and
 * queues.
 *
 * <p>Submission: any client thread fills a slot of its own {@link io.ringvault.ring.OpTable} and offers a 64-byte
 * record to the one {@link io.ringvault.ring.RequestRing}; the data agent drains it. Completion: the data agent
 * publishes to the client's own {@link io.ringvault.ring.CompletionRing}, which by the credit rule of {@link
 * io.ringvault.ring.ClientChannel} cannot be full. Rings carry no payload and no address. Nothing here locks, blocks,
 * allocates after construction, or reads a clock.
 */
package io.ringvault.ring;
