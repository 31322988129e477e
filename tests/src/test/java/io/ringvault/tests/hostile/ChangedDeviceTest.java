package io.ringvault.tests.hostile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeOptions;
import io.ringvault.nvme.model.ControllerModel;
import io.ringvault.nvme.model.FaultPlan;
import io.ringvault.nvme.model.FaultPlan.Hang;
import io.ringvault.nvme.model.ModelTransport;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.SimAnchor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A volume whose device is not what it was: between a close and the next open, and under the open volume. What makes it
 * unusable is named before a byte is written; a volume that was moved to another device, or to one of another block
 * size, opens.
 */
class ChangedDeviceTest {
    private static final int BLOCK = 4096;

    @TempDir
    private Path directory;

    private final EngineKind kind = EngineKind.tiny(31);
    private final SimAnchor anchor = new SimAnchor(1);
    private final byte[] content = new byte[(int) kind.userBytes()];
    private ControllerModel controller;

    @BeforeEach
    void format() throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image().toFile(), "rw")) {
            file.setLength(kind.deviceBytes());
        }
        kind.format(device("", model -> { }), anchor);
        new Random(1).nextBytes(content);
        final EngineDisk disk = open("", model -> { });
        disk.write(0, content, 0, content.length);
        disk.close();
    }

    private Path image() {
        return directory.resolve("image");
    }

    private NvmeBlockDevice device(final String parameters, final Consumer<ControllerModel> change) {
        final ModelTransport transport = ModelTransport.open(DeviceUri.parse("nvme+model:" + image() + "?mode=inline"
            + parameters), OpenMode.READ_WRITE);
        controller = transport.model();
        change.accept(controller);
        final NvmeBlockDevice device = NvmeBlockDevice.open("changed", transport, OpenMode.READ_WRITE,
            NvmeOptions.DEFAULTS.withCommandTimeoutMs(100).withAdminTimeoutMs(200));
        device.listener(line -> { });
        return device;
    }

    private EngineDisk open(final String parameters, final Consumer<ControllerModel> change) {
        final NvmeBlockDevice device = device(parameters, change);
        try {
            return kind.open(device, anchor, Recorder.opening());
        } catch (final StorageException refused) {
            device.close();
            throw refused;
        }
    }

    private void assertIntact(final EngineDisk disk) {
        assertArrayEquals(content, Recorder.readAll(disk));
        disk.close();
    }

    private StorageException refusal(final String parameters, final Consumer<ControllerModel> change)
        throws IOException {
        final byte[] before = Files.readAllBytes(image());
        final StorageException refused = assertThrows(StorageException.class, () -> open(parameters, change).close());
        assertArrayEquals(before, Files.readAllBytes(image()), "the device was written before it was refused");
        return refused;
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, -100, 0})
    void shouldNameBothSizesWhenTheNamespaceHasShrunk(final long fewer) throws IOException {
        final long blocks = kind.deviceBytes() / BLOCK;
        final long now = fewer == 0 ? blocks / 2 : blocks + fewer;
        final StorageException refused = refusal("", model -> model.changeNamespaces(now, BLOCK, false));
        assertTrue(refused.getMessage().contains("the header says " + blocks + " blocks of 4096 bytes, the device has "
            + now), refused.getMessage());
        assertIntact(open("", model -> { }));
    }

    @ParameterizedTest
    @CsvSource({"'&ms=8&extended=1'", "'&ms=16&pi=1'", "'&namespaces=1,2'"})
    void shouldRefuseWithATypedErrorWhenTheFormatHasMovedTheBlocks(final String parameters) throws IOException {
        final StorageException refused = refusal(parameters, model -> { });
        // With protection information the controller itself finds the first block wrong.
        assertEquals(parameters.contains("pi=1") ? StorageException.Category.IO : StorageException.Category.INTEGRITY,
            refused.category(), refused.toString());
        assertIntact(open("", model -> { }));
    }

    @Test
    void shouldRefuseWithATypedErrorWhenTheControllerClaimsAnotherBlockSize() throws IOException {
        refusal("", model -> model.changeNamespaces(kind.deviceBytes() / 512, 512, false));
        final StorageException refused =
            refusal("", model -> model.changeNamespaces(kind.deviceBytes() / 8192, 8192, false));
        assertTrue(refused.getMessage().contains("2^13 bytes"), refused.getMessage());
        assertIntact(open("", model -> { }));
    }

    @Test
    void shouldOpenWhenTheSameBytesLieOnAnotherDeviceOrInBlocksOfAnotherSize() {
        assertIntact(open("", model -> model.replaceNamespaces(false)));
        assertIntact(open("&block=512", model -> { }));
        assertIntact(open("", model -> model.changeNamespaces(2 * kind.deviceBytes() / BLOCK, BLOCK, false)));
    }

    @ParameterizedTest
    @CsvSource({"shrunk, 'blocks: '", "replaced, 'NGUID and EUI64: '",
        "reformatted, 'sct 0x0 sc 0x82'", "detached, 'sct 0x0 sc 0x0b'"}) // the command's own status comes first
    void shouldEndInUseWithWhatChangedAndReopenWhenTheDeviceIsBack(final String how, final String reason) {
        final EngineDisk disk = open("", model -> { });
        final long blocks = kind.deviceBytes() / BLOCK;
        controller.faults().hang(FaultPlan.ANY, 0, 1, Hang.BEFORE, false);
        switch (how) {
            case "shrunk" -> controller.changeNamespaces(blocks - 1, BLOCK, false);
            case "reformatted" -> controller.changeNamespaces(8 * blocks, 512, false);
            case "replaced" -> controller.replaceNamespaces(false);
            default -> controller.detachNamespaces(false);
        }
        final StorageException failed = assertThrows(StorageException.class, () -> {
            disk.write(0, content, 0, BLOCK);
            disk.sync();
        });
        assertEquals(StorageException.Category.IO, failed.category(), failed.toString());
        assertTrue(disk.poisonReason().contains(reason), disk.poisonReason());
        disk.abandon();
        assertIntact(open("", model -> { }));
    }
}
