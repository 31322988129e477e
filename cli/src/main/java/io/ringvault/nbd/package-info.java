/**
 * The NBD export: a secure disk offered on a unix-domain socket by the Network Block Device protocol (the fixed
 * newstyle handshake and the transmission phase of the NBD project's {@code doc/proto.md}).
 *
 * <p>Who calls it: the {@code serve} command and embedders start one {@link io.ringvault.nbd.NbdServer}. One thread
 * accepts; each connection is one thread that owns one {@link io.ringvault.nbd.NbdExport.Client}, so that many
 * requests are in flight and replies leave in the order of completion.
 *
 * <p>What it never does: trust a length or an offset that a client sends, allocate in proportion to what a client
 * asks for, let one connection wait for another, or burn a core while nothing is in flight.
 */
package io.ringvault.nbd;
