/** The encrypted, authenticated log: keys, codecs, commit chain, checkpoints, recovery, anchors. */
module io.ringvault.log {
    requires transitive io.ringvault.ring;
    requires org.bouncycastle.provider;

}
