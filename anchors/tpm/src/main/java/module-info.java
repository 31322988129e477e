/** The freshness anchor in a TPM 2.0. Optional: its presence on the module path is all that it takes. */
module io.ringvault.anchor.tpm {
    requires io.ringvault.log;

    exports io.ringvault.anchor.tpm;

    provides io.ringvault.log.AnchorProvider with io.ringvault.anchor.tpm.TpmAnchorProvider;
}
