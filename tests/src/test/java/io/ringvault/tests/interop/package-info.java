/**
 * The command and its NBD export as real processes, used by the tools that people use: fio, qemu, libnbd, ext4. A
 * tool that is not
 * installed skips its tests loudly, by name; nothing else skips.
 */
package io.ringvault.tests.interop;
