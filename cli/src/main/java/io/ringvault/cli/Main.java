package io.ringvault.cli;

/** The entry point of the {@code ringvault} command. */
public final class Main {
    private Main() {
    }

    /**
     * Prints the version.
     *
     * @param args ignored so far.
     */
    public static void main(final String[] args) {
        final String version = Main.class.getModule().getDescriptor().rawVersion().orElse("unversioned");
        System.out.println("ringvault " + version + " on Java " + Runtime.version());
    }
}
