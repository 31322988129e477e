/**
 * An NVMe controller in this process, over a file: registers behind memory, queues, commands, PRP walking, a volatile
 * write cache that it can lose, and faults on a schedule. It is the embedded default device, and the other end of the
 * driver's tests.
 *
 * <p>It obeys the specification from its own reading of it: nothing here may use {@code io.ringvault.nvme.spec} or any
 * class of the driver except the transport interface that it implements (a test checks the sources), because an offset
 * that both ends got wrong would pass every test.
 *
 * <p>Threads: in {@code thread} mode one thread serves registers and the admin queue, and one blocking worker for each
 * I/O submission queue polls its doorbell, does the file I/O straight between the file and DMA memory, and posts
 * completions; in {@code inline} mode the caller's polls run everything, deterministically. File calls block, which is
 * why they never run on a data agent in thread mode. The model never touches memory that was not mapped for it.
 */
package io.ringvault.nvme.model;
