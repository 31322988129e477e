/**
 * The secure disk on a controller in another process: round trips over vfio-user, and servers that are killed in the
 * middle of a load. The server is the command's {@code nvme serve-model}, as a process of its own.
 */
package io.ringvault.tests.vfiouser;
