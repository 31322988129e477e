package io.ringvault.tests.interop;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** fio writes at random through its nbd engine and verifies the checksums of what it reads back. */
class FioInteropTest {
    @TempDir
    private Path folder;

    @Test
    void shouldVerifyRandomWritesOfEachSizeAtDepthOneAndThirtyTwo() throws Exception {
        Tools.require("fio");
        if (!Processes.run(20, "fio", "--enghelp").out().contains("nbd")) {
            Tools.skip("this fio has no nbd engine");
        }
        try (InteropFixture fixture = new InteropFixture(folder, "64M")) {
            final String[] sizes = {"--bs=4k", "--bs=32k", "--bssplit=512/10:4k/40:12k/20:32k/20:256k/10"};
            for (final String size : sizes) {
                for (final int depth : new int[] {1, 32}) {
                    final String report = Processes.run(90, "fio", "--name=verify", "--ioengine=nbd",
                        "--uri=" + fixture.uri(), "--rw=randwrite", size, "--iodepth=" + depth, "--size=64M",
                        "--io_size=" + (depth == 1 ? "12M" : "40M"), "--verify=crc32c", "--do_verify=1",
                        "--verify_fatal=1", "--randrepeat=1", "--randseed=" + (depth + size.length()),
                        "--fsync=" + (depth == 1 ? 64 : 512), "--verify_state_save=0", "--thread",
                        "--minimal").expect(0).out();
                    assertVerified(report);
                }
            }
            fixture.stop();
            fixture.verify();
        }
    }

    /** A run that read nothing back verified nothing: field 6 of the terse report is what was read, in KiB. */
    private static void assertVerified(final String report) {
        final String terse = report.lines().filter(line -> line.startsWith("3;")).findFirst().orElseThrow(() ->
            new AssertionError("no terse report: " + report));
        assertTrue(Long.parseLong(terse.split(";")[5]) > 4096, "too little was read back: " + terse);
    }
}
