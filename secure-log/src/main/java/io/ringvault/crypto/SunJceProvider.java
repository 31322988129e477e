package io.ringvault.crypto;

/** The AES-GCM of the JDK's SunJCE provider: always there, hardware-accelerated once compiled. Any thread. */
public final class SunJceProvider implements AeadProvider {

    @Override
    public String name() {
        return "sunjce";
    }

    @Override
    public Aead create() {
        return new SunJceAead();
    }
}
