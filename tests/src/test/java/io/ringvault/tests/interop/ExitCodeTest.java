package io.ringvault.tests.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.nbd.NbdClient;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command's exit codes for a damaged, rolled back or foreign image; one line on stderr, and not a byte written. */
class ExitCodeTest {
    private static final int BLOCK = 4096;
    @TempDir
    private Path folder;
    private Path image;
    private String device;
    private String key;
    private String anchor;

    @BeforeEach
    void formatAndWrite() throws Exception {
        image = folder.resolve("volume.img");
        device = "nvme+model:" + image;
        key = folder.resolve("key").toString();
        anchor = "file:" + folder.resolve("anchor");
        Files.writeString(Path.of(key), "the key of the exit code test");
        Files.writeString(folder.resolve("other-key"), "some other key of that length");
        Processes.ringvault("format", device, "--size", "16M", "--key-file", key, "--anchor", anchor).expect(0);
        writeSomething(1);
    }

    private void writeSomething(final int value) throws IOException, InterruptedException {
        try (Server server = Server.serve(folder, device, "--anchor", anchor)) {
            final byte[] bytes = new byte[1 << 20];
            Arrays.fill(bytes, (byte) value);
            try (NbdClient client = server.connect()) {
                for (int i = 0; i < 8; i++) {
                    client.write((long) i << 20, bytes, 0, bytes.length, false);
                }
                client.flush();
            }
            server.stop();
        }
    }

    @Test
    void shouldEndWithZeroForAHealthyVolume() throws Exception {
        verify(key, anchor).expect(0);
        final String json = Processes.ringvault("info", device, "--key-file", key, "--anchor", anchor,
            "--json").expect(0).out();
        assertTrue(json.strip().startsWith("{") && json.strip().endsWith("}"), json);
    }

    @Test
    void shouldEndWithFiveForAWrongKeyAndOneForWrongUse() throws Exception {
        refused(5, folder.resolve("other-key").toString(), anchor);
        refused(1, folder.resolve("no-such-key").toString(), anchor);
        assertEquals(1, Processes.ringvault("verify").exit());
        assertEquals(1, Processes.ringvault("verify", "nonsense:" + image, "--key-file", key).exit());
        assertEquals(1, Processes.ringvault("no-such-command").exit());
        assertEquals(0, Processes.ringvault("--help").exit());
    }

    @Test
    void shouldEndWithFourForAnOlderImageOrADeletedAnchor() throws Exception {
        final Path older = folder.resolve("older.img");
        Files.copy(image, older);
        writeSomething(2);
        final Path newer = folder.resolve("newer.img");
        Files.copy(image, newer);
        Files.copy(older, image, StandardCopyOption.REPLACE_EXISTING);
        refused(4, key, anchor);
        Files.copy(newer, image, StandardCopyOption.REPLACE_EXISTING);
        verify(key, anchor).expect(0);
        Files.move(folder.resolve("anchor"), folder.resolve("anchor.away"));
        refused(4, key, anchor);
    }

    @Test
    void shouldWarnForOneDamagedSuperblockSlotAndEndWithThreeForBoth() throws Exception {
        final long lastSlot = volumeBlocks() - 2;
        flip(BLOCK + 200);
        final Processes.Result warned = verify(key, anchor).expect(0);
        assertTrue((warned.err() + warned.out()).contains("superblock"), "no warning: " + warned.err());
        flip(lastSlot * BLOCK + 200);
        refused(3, key, anchor);
        flip(BLOCK + 200);
        flip(lastSlot * BLOCK + 200);
        verify(key, anchor).expect(0);
    }

    @Test
    void shouldEndWithThreeAndNameThePlaceForADamagedBlock() throws Exception {
        int found = 0;
        for (long block = 16; block < volumeBlocks() - 2 && found < 2; block += 211) {
            if (isZero(block)) {
                continue;
            }
            flip(block * BLOCK + 1000);
            final Processes.Result result = verify(key, anchor);
            if (result.exit() != 0) {
                found++;
                assertEquals(3, result.exit(), result.err());
                assertTrue(result.err().matches("(?s).*\\d+.*"), "no place named: " + result.err());
            }
            flip(block * BLOCK + 1000);
        }
        assertTrue(found > 0, "no flipped block was live");
    }

    @Test
    void shouldEndWithTwoOrThreeForATruncatedImage() throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(file.length() / 2 / BLOCK * BLOCK);
        }
        final byte[] before = Files.readAllBytes(image);
        final Processes.Result result = verify(key, anchor);
        assertTrue(result.exit() == 2 || result.exit() == 3, result.exit() + " " + result.err());
        oneLine(result);
        assertTrue(Arrays.equals(before, Files.readAllBytes(image)), "the truncated image was written to");
    }

    @Test
    void shouldAdoptARolledBackImageOnlyWhenTold() throws Exception {
        final Path older = Files.copy(image, folder.resolve("older"));
        writeSomething(2);
        final Path newer = Files.copy(image, folder.resolve("newer"));
        Files.copy(older, image, StandardCopyOption.REPLACE_EXISTING);
        refused(4, key, anchor);
        final Processes.Result asked = Processes.ringvault("adopt", device, "--key-file", key).expect(1);
        oneLine(asked);
        assertTrue(asked.err().contains("RolledBack") && asked.err().contains("--accept-lost-writes"), asked.err());
        assertEquals(-1, Files.mismatch(older, image), "an adoption that was not confirmed wrote");
        Processes.ringvault("adopt", device, "--key-file", key, "--accept-lost-writes").expect(0);
        verify(key, anchor).expect(0);
        final String info = Processes.ringvault("info", device, "--key-file", key).expect(0).out();
        assertTrue(info.contains("adoptedOver"), info);
        oneLine(Processes.ringvault("adopt", device, "--key-file", key, "--accept-lost-writes").expect(1));
        Files.copy(newer, image, StandardCopyOption.REPLACE_EXISTING);
        refused(4, key, anchor);
    }

    private Processes.Result verify(final String withKey, final String withAnchor) throws IOException,
        InterruptedException {
        return Processes.ringvault("verify", device, "--key-file", withKey, "--anchor", withAnchor);
    }

    /** verify and serve are refused with the code, with one line, and the image stays as it is. */
    private void refused(final int code, final String withKey, final String withAnchor) throws Exception {
        final byte[] before = Files.readAllBytes(image);
        final Processes.Result verified = verify(withKey, withAnchor).expect(code);
        oneLine(verified);
        final Processes.Result served = Processes.ringvault("serve", device, "--key-file", withKey, "--anchor",
            withAnchor,
            "--socket", folder.resolve("refused.socket").toString()).expect(code);
        oneLine(served);
        assertTrue(Arrays.equals(before, Files.readAllBytes(image)), "a volume that failed to open was written to");
    }

    private static void oneLine(final Processes.Result result) {
        assertEquals(1, result.err().strip().lines().count(), "one clear line on stderr, not: " + result.err());
    }

    private long volumeBlocks() throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "r")) {
            final byte[] header = new byte[64];
            file.readFully(header);
            return ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getLong(40);
        }
    }

    private boolean isZero(final long block) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "r")) {
            final byte[] bytes = new byte[BLOCK];
            file.seek(block * BLOCK);
            file.readFully(bytes);
            return Arrays.equals(bytes, new byte[BLOCK]);
        }
    }

    private void flip(final long offset) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(offset);
            final int value = file.read();
            file.seek(offset);
            file.write(value ^ 4);
        }
    }
}
