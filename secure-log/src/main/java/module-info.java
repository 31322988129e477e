/** The encrypted, authenticated log: keys, codecs, commit chain, checkpoints, recovery, anchors. */
module io.ringvault.log {
    requires transitive io.ringvault.ring;
    // Argon2id only; never on the path of an I/O.
    requires org.bouncycastle.provider;

    exports io.ringvault.crypto;
    exports io.ringvault.log;

    uses io.ringvault.crypto.SecretPages;
    uses io.ringvault.log.AnchorProvider;

    provides io.ringvault.log.AnchorProvider with
        io.ringvault.log.LocalFileAnchorProvider, io.ringvault.log.MemoryAnchorProvider;
}
