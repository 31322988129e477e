/** The ringvault command and the NBD export. */
module io.ringvault.cli {
    requires io.ringvault.disk;
    requires info.picocli;
    requires HdrHistogram;

    exports io.ringvault.nbd;
}
