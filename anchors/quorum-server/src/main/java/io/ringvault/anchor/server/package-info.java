/**
 * A peer of the quorum anchor: keeps records that it can neither read the meaning of nor make up, and has the group
 * agree on their order by Apache Ratis. A program of its own, on the class path; no process that opens volumes loads
 * it. Its own threads: one that accepts, a virtual one for each connection, and those of Ratis.
 */
package io.ringvault.anchor.server;
