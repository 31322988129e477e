package io.ringvault.anchor.tpm;

import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorProvider;
import io.ringvault.log.AnchorTarget;

/** The scheme {@code tpm:}. Any thread. */
public final class TpmAnchorProvider implements AnchorProvider {
    static final String FORM = "tpm:INDEX[@DEVICE|@HOST:PORT][?owner=FILE]";

    @Override
    public String scheme() {
        return "tpm";
    }

    @Override
    public String form() {
        return FORM;
    }

    @Override
    public int kind() {
        return Anchor.KIND_TPM;
    }

    @Override
    public Anchor create(final AnchorTarget target) {
        return TpmAnchor.create(TpmAddress.parse(target.spec(), target.place()), target);
    }

    @Override
    public Anchor open(final AnchorTarget target, final byte[] requiredId) {
        return TpmAnchor.open(TpmAddress.parse(target.spec(), target.place()), target, requiredId);
    }
}
