/** The client of the quorum anchor. Optional: its presence on the module path is all that it takes. */
module io.ringvault.anchor.quorum {
    requires io.ringvault.log;

    exports io.ringvault.anchor.quorum;

    provides io.ringvault.log.AnchorProvider with io.ringvault.anchor.quorum.QuorumAnchorProvider;
}
