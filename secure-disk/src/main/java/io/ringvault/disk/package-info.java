/**
 * The secure disk: open a volume ({@link io.ringvault.disk.SecureDisk}), read and write it from any thread, or from
 * one polling thread through a {@link io.ringvault.disk.DiskClient}; format, inspect and verify volumes ({@link
 * io.ringvault.disk.Volumes}).
 *
 * <pre>{@code
 *   SecureDiskContext context = new SecureDiskContext().device("nvme+model:/tmp/d.img").keyFile(Path.of("key"));
 *   try (SecureDisk disk = SecureDisk.open(context)) {
 *       disk.write(0, segment, 0, 4096);
 *       disk.sync();
 *   }
 * }</pre>
 *
 * Calls here never run on an agent's thread. Nothing here seals, chains or looks anything up: that is {@code
 * io.ringvault.disk.engine}.
 */
package io.ringvault.disk;
