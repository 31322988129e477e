package io.ringvault.tests.guest;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * QEMU's NVMe controller in many shapes, through VFIO and an emulated IOMMU. A DMA that the IOMMU blocks completes as a
 * success in QEMU: {@code guest.sh} fails the run when the guest's kernel log or QEMU's stderr show one.
 */
class ControllerMatrixTest {
    private static final long IMAGE_BYTES = 64L << 20;

    @TempDir
    private Path folder;

    @BeforeAll
    static void requireGuest() throws Exception {
        Guest.require();
    }

    @Test
    @Timeout(600)
    void shouldDriveControllersOfManyShapes() throws Exception {
        final Guest guest = new Guest(folder.resolve("shapes"))
            .option("--expect", "aio failed: (Input/output error|No space)");
        final List<String> jobs = new ArrayList<>();
        final String plain = guest.controller(image("a"), "");
        job(jobs, "driver", plain);
        job(jobs, "driver", plain + "?shadow=off");
        job(jobs, "driver", guest.controller(image("b"), "logical_block_size=4096,physical_block_size=4096,mdts=1"));
        job(jobs, "driver", guest.controller(image("c"), "max_ioqpairs=1,mdts=0"));
        final String several = guest.controllerOf("mdts=5", new Path[] {image("d"), image("e"), image("f")}, "nsid=1",
            "nsid=2,logical_block_size=4096,physical_block_size=4096", "nsid=5");
        job(jobs, "driver", several + "?ns=2");
        job(jobs, "driver", several + "?ns=5");
        job(jobs, "disk", several);
        job(jobs, "disk", several + "?shadow=off");
        job(jobs, "refuse", several + "?ns=3", "namespace 3 is not active");
        job(jobs, "owned", several, several + "?ns=2");
        final String metadata = guest.controllerOf("", new Path[] {image("i"), image("j"), image("k"), image("l")},
            "nsid=1,ms=8", "nsid=2,logical_block_size=4096,physical_block_size=4096,ms=64,mset=1",
            "nsid=3,logical_block_size=4096,physical_block_size=4096,ms=8,pi=1",
            "nsid=4,logical_block_size=4096,physical_block_size=4096,ms=16,mset=1");
        for (int ns = 1; ns <= 4; ns++) {
            job(jobs, "driver", metadata + "?ns=" + ns);
        }
        job(jobs, "disk", metadata + "?ns=2");
        job(jobs, "bar-faults", metadata);
        final String reads = guest.controller(faulty("g", "read", 5), "raw", "");
        job(jobs, "read-error", reads, "sct 0x2 sc 0x81");
        final String writes = guest.controller(faulty("h", "write", 28), "raw", "");
        job(jobs, "write-error", writes, "sct 0x2 sc 0x80");
        final String said = guest.run(jobs.toArray(String[]::new));
        assertTrue(said.contains("all jobs done"), said);
    }

    private Path image(final String name) throws java.io.IOException {
        return Guest.image(folder.resolve(name + ".img"), IMAGE_BYTES);
    }

    /** A raw file below a rule that fails the first request of a kind. */
    private String faulty(final String name, final String kind, final int errno) throws java.io.IOException {
        final Path rules = folder.resolve(name + ".rules");
        Files.writeString(rules, "[inject-error]\nevent = \"none\"\niotype = \"" + kind + "\"\nerrno = \"" + errno
            + "\"\nonce = \"off\"\nsector = \"0\"\n", StandardCharsets.UTF_8);
        return "blkdebug,file.config=" + rules + ",file.image.driver=file,file.image.filename=" + image(name);
    }

    private static void job(final List<String> jobs, final String... words) {
        if (!jobs.isEmpty()) {
            jobs.add("+");
        }
        jobs.addAll(List.of(words));
    }
}
