/** The encrypted, authenticated log: keys, codecs, commit chain, checkpoints, recovery, anchors. */
module io.ringvault.log {
    requires transitive io.ringvault.ring;

    exports io.ringvault.crypto;
    exports io.ringvault.log;
}
