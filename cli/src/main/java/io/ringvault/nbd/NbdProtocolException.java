package io.ringvault.nbd;

import java.io.IOException;

/** A client broke the protocol in a way that leaves no way on; its connection ends, nothing else does. */
final class NbdProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    NbdProtocolException(final String message) {
        super(message);
    }
}
