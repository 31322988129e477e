/**
 * The unsafe fence: libc through the Foreign Function &amp; Memory API, for Linux with glibc on x86_64 and aarch64
 * (aarch64 is untested).
 *
 * <p>This is the only package that makes restricted calls; start the JVM with
 * {@code --enable-native-access=io.ringvault.sys}. Its public signatures show JDK types only. A failed system call is a
 * {@link io.ringvault.sys.NativeIoException} that carries the errno, the call and its object.
 *
 * <p>Called by: devices, DMA memory and locks (control plane), blocking workers (file transfers and syncs), agents at
 * start (core pinning). Every method may be called from any thread unless it says otherwise. It never retries what the
 * kernel refused (other than {@code EINTR} and short transfers), never writes to a log, and never keeps an address
 * beyond the segment that was passed to it.
 */
package io.ringvault.sys;
