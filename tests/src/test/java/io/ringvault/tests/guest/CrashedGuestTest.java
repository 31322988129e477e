package io.ringvault.tests.guest;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.torture.History;
import io.ringvault.torture.HistoryChecker;
import io.ringvault.tests.interop.Processes;
import io.ringvault.tests.interop.Tools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * QEMU is killed while a guest writes to a secure volume on its NVMe controller; another guest opens what is left. The
 * image is qcow2, whose tables QEMU keeps in memory until a flush: what was not flushed is lost, as from a volatile
 * cache.
 */
class CrashedGuestTest {
    private static final Pattern ACKNOWLEDGED = Pattern.compile("^ack (\\d+)$", Pattern.MULTILINE);
    private static final Pattern BEGUN = Pattern.compile("^begin (\\d+)$", Pattern.MULTILINE);

    private final long seed = Long.getLong("seed", 2026);
    @TempDir
    private Path folder;

    @BeforeAll
    static void requireGuest() throws Exception {
        Guest.require();
        Tools.require("qemu-img");
    }

    @Test
    @Timeout(600)
    void shouldHoldOneStateNoOlderThanTheLastAcknowledgedSyncAfterACrash() throws Exception {
        final Random random = new Random(seed);
        final Path image = folder.resolve("volume.qcow2");
        Processes.run(60, "qemu-img", "create", "-q", "-f", "qcow2", image.toString(), "64M").expect(0);
        final Path share = Files.createDirectory(folder.resolve("share"));
        final String anchor = "file:" + share.resolve("anchor");
        final int wanted = 4 + random.nextInt(20);
        final Guest first = guest("first", share);
        final String uri = controller(first, image);
        final Process process = first.start(Guest.java("format", uri, anchor, "+", "write-until-killed", uri, anchor,
            String.valueOf(seed)));
        first.await(process, wanted + " acknowledged syncs", () -> count(first) >= wanted);
        Thread.sleep(random.nextInt(200));
        first.kill();
        process.waitFor();
        final String said = first.out();
        final int acknowledged = last(ACKNOWLEDGED, said);
        final int begun = last(BEGUN, said);
        assertTrue(acknowledged > 0 && begun < DiskSuite.OPERATIONS, "killed between: " + said);

        final Guest second = guest("second", share);
        final Path found = share.resolve("found");
        second.run("dump", controller(second, image), anchor, found.toString());
        final int state = check(seed, acknowledged, begun, found);
        System.out.printf("crashed guest: seed %d, %d operations begun, %d acknowledged, %d found%n", seed, begun,
            acknowledged, state);
    }

    /** The state found, which is one state, and none that was not begun or is older than what was acknowledged. */
    static int check(final long seed, final int acknowledged, final int begun, final Path found) throws IOException {
        final History history = DiskSuite.script(seed, begun);
        return HistoryChecker.check(history, Files.readAllBytes(found), DiskSuite.GRANULE,
            history.admissibleWithoutCommits(acknowledged));
    }

    static int last(final Pattern pattern, final String text) {
        int last = 0;
        for (final Matcher matcher = pattern.matcher(text); matcher.find();) {
            last = Integer.parseInt(matcher.group(1));
        }
        return last;
    }

    static int lastAcknowledged(final String text) {
        return last(ACKNOWLEDGED, text);
    }

    static int lastBegun(final String text) {
        return last(BEGUN, text);
    }

    private Guest guest(final String name, final Path share) throws IOException {
        return new Guest(folder.resolve(name)).option("--share", share.toString());
    }

    private static String controller(final Guest guest, final Path image) {
        return guest.controller("file,filename=" + image, "qcow2", "");
    }

    private static int count(final Guest guest) {
        try {
            return (int) ACKNOWLEDGED.matcher(guest.out()).results().count();
        } catch (final IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
