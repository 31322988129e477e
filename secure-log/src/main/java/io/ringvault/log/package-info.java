/**
 * The log on the device: geometry, header, superblock slots, the codecs of every record, the commit chain's recovery,
 * checkpoints and freshness anchors. {@code docs/format.md} is the byte map; one codec class owns each record.
 *
 * <p>Codecs are plain functions over private arrays: the data core (summaries), the index core (objects) and the
 * control plane (header, slots, recovery, anchors) each use their own {@link io.ringvault.log.BlockSealer}. Everything
 * that comes from a device is range-checked after it is authenticated.
 *
 * <p>Nothing here formats or repairs a volume because it failed to open, and nothing decides which blocks are live.
 */
package io.ringvault.log;
