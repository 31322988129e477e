/**
 * A freshness anchor in a non-volatile index of a TPM 2.0, reached through the kernel's resource manager or a socket.
 * Called by the control plane at open and by a blocking worker afterwards, one thread at a time; never by an agent.
 * Never runs a process, never needs native code of its own, never asks the TPM for anything but that index.
 */
package io.ringvault.anchor.tpm;
