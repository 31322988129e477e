/**
 * A vfio-user server over the controller model: what {@code ringvault nvme serve-model} runs. Clients of any make can
 * attach, one at a time; the driver's own transport is tested against it everywhere.
 *
 * <p>It behaves as SPDK's target does wherever a client can tell, apart from three things: it survives clients that
 * fall silent or send messages in pieces or nonsense (a time limit, then the next client); it refuses what it could
 * not use (addresses and sizes that are not whole pages); and it raises no interrupts.
 *
 * <p>One thread accepts and serves; the model has threads of its own. Clients are not trusted: a mapping is checked
 * against the size of its file, the controller resolves no address outside of the mappings, registers and the
 * doorbells of other clients are out of reach, and a file that is shrunk later ends in a fatal state of that client's
 * controller. The remaining limit: memory whose pages a client supplies itself (a file on a FUSE file system of its
 * own, userfaultfd) can hold up the server for as long as the client likes. The socket is therefore for this user only.
 * The NVMe side is the model's; nothing here knows the driver.
 */
package io.ringvault.nvme.vfiouser.server;
