package io.ringvault.ring;

/** Receives requests during {@link RequestRing#drain}, on the draining thread. */
@FunctionalInterface
public interface RequestHandler {

    /**
     * One request; the arguments are the fields of {@link RequestDescriptor}. They come from another component: check
     * them.
     */
    void onRequest(int clientId, int opSlot, int opcode, int flags, long offsetBytes, long lengthBytes);
}
