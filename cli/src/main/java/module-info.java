/** The ringvault command, the NBD export and the benchmark. */
module io.ringvault.cli {
    requires io.ringvault.disk;
    requires io.ringvault.nvme;
    requires io.ringvault.sys;
    requires info.picocli;
    requires HdrHistogram;
    // For signals only: sun.misc.Signal is reached by reflection, see io.ringvault.cli.Signals.
    requires jdk.unsupported;

    exports io.ringvault.nbd;
    exports io.ringvault.torture;

    opens io.ringvault.cli to info.picocli;
}
