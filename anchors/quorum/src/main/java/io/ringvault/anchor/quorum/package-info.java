/**
 * The client of the quorum anchor: asks peers over TCP, in messages that carry a MAC. Called by the control plane at
 * open and by a blocking worker afterwards, one thread at a time; never by an agent. Knows nothing of how the peers
 * agree: the replication engine stays in their processes.
 */
package io.ringvault.anchor.quorum;
