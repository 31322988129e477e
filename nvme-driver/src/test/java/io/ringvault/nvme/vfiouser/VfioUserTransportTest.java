package io.ringvault.nvme.vfiouser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockDevices;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.vfiouser.FakeServer.Answer;
import io.ringvault.sys.NativeMemory;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client against a server that lies, dawdles and dies. */
class VfioUserTransportTest {
    private static final int CSTS = 0x1C;

    @TempDir
    private Path folder;
    private FakeServer server;
    private int descriptorsBefore;

    @BeforeEach
    void start() throws IOException {
        descriptorsBefore = OpenDescriptors.count();
        server = new FakeServer(folder);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
        OpenDescriptors.assertAtMost(descriptorsBefore);
    }

    private VfioUserTransport open(final String parameters) {
        return VfioUserTransport.open(DeviceUri.parse("nvme+vfio-user:" + folder + parameters));
    }

    private VfioUserTransport open() {
        return open("");
    }

    private StorageException refusal(final int command, final UnaryOperator<Answer> change) {
        server.changing(command, change);
        return assertThrows(StorageException.class, () -> open("?message-timeout=300").close());
    }

    private void assertRefused(final String wanted, final int command, final UnaryOperator<Answer> change) {
        final StorageException refused = refusal(command, change);
        assertEquals(StorageException.Category.IO, refused.category(), refused.getMessage());
        assertTrue(refused.getMessage().contains(wanted), refused.getMessage());
    }

    private static UnaryOperator<Answer> region(final int offset, final long value, final int bytes) {
        return answer -> {
            if (bytes == 8) {
                answer.payload.putLong(offset, value);
            } else if (bytes == 4) {
                answer.payload.putInt(offset, (int) value);
            } else {
                answer.payload.putShort(offset, (short) value);
            }
            return answer;
        };
    }

    @Test
    void shouldSpeakVersionFirstAndMapMemoryBeforeAnyRegister() {
        try (VfioUserTransport transport = open()) {
            assertEquals(List.of(1, 4, 5, 2, 9, 10, 9), server.commands.subList(0, 7));
            final ByteBuffer hello = server.requests.getFirst();
            assertEquals(0, hello.getInt(0) & 0xFFFF);
            assertEquals(0, hello.get(hello.limit() - 1), "the text ends with a NUL");
            final ByteBuffer map = server.requests.get(3);
            assertEquals(List.of(32, 3), List.of(map.getInt(0), map.getInt(4)));
            assertEquals(0, map.getLong(8));
            assertEquals(256L << 20, map.getLong(24));
            assertEquals(0, map.getLong(16) & (2 << 20) - 1, "SPDK registers only what is aligned to 2 MiB");
            assertEquals(1, server.descriptorCounts.get(3));
            assertEquals(0x404, server.pciCommand & 0x404, "bus master, and INTx disabled");
            assertEquals("process", transport.isolation());
        }
    }

    @Test
    void shouldRingInTheMappedPage() {
        try (VfioUserTransport transport = open()) {
            assertEquals(0x1000, transport.doorbells().byteSize());
            transport.doorbells().set(ValueLayout.JAVA_INT, 8, 41);
            assertEquals(41, server.bar.segment().get(ValueLayout.JAVA_INT, 0x1008));
        }
    }

    @Test
    void shouldTakeAReplyInPieces() {
        server.changing(5, answer -> {
            answer.pieces = 11;
            return answer;
        });
        open().close();
    }

    @Test
    void shouldNameTheErrnoWhenTheServerRefuses() {
        assertRefused("EBUSY", 2, answer -> {
            answer.flags = 0x21;
            answer.errno = 16;
            return answer;
        });
    }

    @Test
    void shouldRefuseReplyHeadersThatDoNotFit() {
        assertRefused("no reply to request", 4, answer -> {
            answer.id++;
            return answer;
        });
        assertRefused("no reply to request", 4, answer -> {
            answer.command = 5;
            return answer;
        });
        assertRefused("no reply to request", 4, answer -> {
            answer.flags = 0;
            return answer;
        });
        assertRefused("no reply to request", 4, answer -> {
            answer.flags = 0x101;
            return answer;
        });
        assertRefused("error reply", 4, answer -> {
            answer.flags = 0x21;
            return answer;
        });
        for (final int size : new int[] {0, 15, 17, 31, 1 << 20}) {
            assertRefused("bytes", 4, answer -> {
                answer.size = size;
                return answer;
            });
        }
        assertRefused("descriptor", 4, answer -> {
            answer.descriptors = new int[] {server.bar.descriptor()};
            return answer;
        });
        assertRefused("descriptor", 5, answer -> {
            answer.descriptors = new int[] {0, 0, 0};
            return answer;
        });
    }

    @Test
    void shouldRefuseAVersionThatItDidNotOffer() {
        assertRefused("vfio-user 1.1", 1, region(0, 1, 2));
        assertRefused("vfio-user 0.9", 1, region(2, 9, 2));
        assertRefused("NUL", 1, answer -> {
            answer.payload = FakeServer.buffer(6).putInt(0).put((byte) '{').put((byte) '}').flip();
            return answer;
        });
        assertRefused("JSON", 1, answer -> {
            answer.payload = FakeServer.buffer(6).putInt(0).put((byte) '{').put((byte) 0).flip();
            return answer;
        });
        final byte[] none = "{\"capabilities\":{\"max_msg_fds\":0}}\0".getBytes();
        assertRefused("max_msg_fds", 1, answer -> {
            answer.payload = FakeServer.buffer(4 + none.length).putInt(0).put(none).flip();
            return answer;
        });
    }

    @Test
    void shouldRefuseADeviceThatIsNotPci() {
        assertRefused("PCI", 4, region(4, 1, 4));
        assertRefused("PCI", 4, region(8, 7, 4));
    }

    @Test
    void shouldRefuseImpossibleRegionsAndCapabilities() {
        assertRefused("flags", 5, region(4, 0xD, 4));
        assertRefused("index", 5, region(8, 3, 4));
        assertRefused("size", 5, region(16, 0x1000, 8));
        assertRefused("size", 5, region(16, -1, 8));
        assertRefused("offset", 5, region(24, -4096, 8));
        assertRefused("offset", 5, region(24, 512, 8));
        assertRefused("offset", 5, region(24, Long.MAX_VALUE & -4096, 8));
        assertRefused("EINVAL", 5, region(24, 0x1000, 8));
        assertRefused("argsz", 5, region(0, 96, 4));
        assertRefused("capability offset", 5, region(12, 8, 4));
        assertRefused("capability offset", 5, region(12, 60, 4));
        assertRefused("capability offset", 5, region(12, -8, 4));
        assertRefused("a loop", 5, region(32, 9, 2).andThen(region(36, 32, 4))::apply);
        assertRefused("version", 5, region(34, 2, 2));
        assertRefused("mappable areas", 5, region(40, 2, 4));
        assertRefused("mappable areas", 5, region(40, -1, 4));
        assertRefused("mappable area", 5, region(48, 0x1001, 8));
        assertRefused("mappable area", 5, region(48, -4096, 8));
        assertRefused("mappable area", 5, region(56, 0x3000, 8));
        assertRefused("no descriptor", 5, answer -> {
            answer.descriptors = new int[0];
            return answer;
        });
        assertRefused("not memory", 5, answer -> {
            answer.descriptors = new int[] {0};
            return answer;
        });
    }

    @Test
    void shouldRefuseAMappingThatTheFileDoesNotHold() throws IOException {
        try (NativeMemory small = NativeMemory.memfd("small", 0x1000, NativeMemory.Pages.BASE)) {
            assertRefused("EINVAL", 5, answer -> {
                answer.descriptors = new int[] {small.descriptor()};
                return answer;
            });
        }
    }

    @Test
    void shouldRefuseWhenInterruptsStayEnabled() {
        assertRefused("INTx", 10, answer -> {
            server.pciCommand = 4;
            return answer;
        });
    }

    @Test
    void shouldRefuseAnAnswerAboutAnotherPlace() {
        assertRefused("another place", 9, region(0, 6, 8));
        assertRefused("another place", 9, region(8, 0, 4));
    }

    @Test
    void shouldSayThatAnotherClientMayBeAttachedWhenNothingIsAnswered() {
        final StorageException silent = refusal(1, answer -> {
            answer.silent = true;
            return answer;
        });
        assertEquals(StorageException.Category.CONFIGURATION, silent.category());
        assertTrue(silent.getMessage().contains("one client at a time"), silent.getMessage());
    }

    @Test
    void shouldSayThatTheServerClosedWhenItDoesInMidBringUp() {
        for (final int command : new int[] {1, 4, 5, 2, 9, 10}) {
            assertRefused("", command, answer -> {
                answer.close = true;
                return answer;
            });
        }
    }

    @Test
    void shouldReadAllOnesAndNotThrowWhenTheServerHasGone() {
        try (VfioUserTransport transport = open()) {
            server.csts = 1;
            assertEquals(1, transport.read32(CSTS));
            assertEquals(1, transport.status());
            server.disconnect();
            final long deadline = System.nanoTime() + 20_000_000_000L;
            while (transport.status() != -1) {
                assertTrue(System.nanoTime() < deadline, "the watcher did not see it");
                Thread.onSpinWait();
            }
            assertEquals(-1, transport.read32(CSTS));
            assertEquals(-1L, transport.read64(0));
            transport.write32(0x14, 1);
            transport.write64(0x28, 1);
            assertFalse(transport.lossReason().isEmpty());
            assertThrows(StorageException.class, () -> transport.allocate(512L << 20));
        }
    }

    @Test
    void shouldSeeAFatalStateByItselfWithoutAMessageOfTheQueuesOwner() {
        try (VfioUserTransport transport = open()) {
            server.csts = 3;
            final long deadline = System.nanoTime() + 20_000_000_000L;
            while (transport.status() != 3) {
                assertTrue(System.nanoTime() < deadline, "CSTS is not watched");
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void shouldGiveUpWhenARunningServerFallsSilent() {
        try (VfioUserTransport transport = open("?message-timeout=200&timeout=9&admin-timeout=9")) {
            server.changing(9, answer -> {
                answer.silent = true;
                return answer;
            });
            assertEquals(-1, transport.read32(CSTS));
            assertTrue(transport.lossReason().contains("ETIMEDOUT") || transport.lossReason().contains("no answer"),
                transport.lossReason());
        }
    }

    @Test
    void shouldCarveFromOneRegionAndAddAnotherWhenItIsExhausted() {
        try (VfioUserTransport transport = open("?dma=2M")) {
            final DmaBuffer first = transport.allocate(1 << 20);
            final DmaBuffer second = transport.allocate(4096);
            assertEquals(first.deviceAddress(0) + (1 << 20), second.deviceAddress(0));
            assertEquals(1, transport.dmaRegions());
            final DmaBuffer third = transport.allocate(1 << 20);
            assertEquals(2, transport.dmaRegions());
            assertTrue(third.deviceAddress(0) >= first.deviceAddress(0) + (2 << 20), "nothing straddles");
            final DmaBuffer large = transport.allocate(5 << 20);
            assertEquals(3, transport.dmaRegions());
            assertEquals(large.deviceAddress(0) + 4096, large.deviceAddress(4096));
            assertEquals(0, large.segment().get(ValueLayout.JAVA_LONG, (5 << 20) - 8));
        }
    }

    @Test
    void shouldRingByMessagesWithoutReplyWhenNothingCanBeMapped() {
        server.changing(5, answer -> {
            answer.payload = FakeServer.buffer(32).putInt(32).putInt(3).putInt(0).putInt(0).putLong(0x4000).putLong(0)
                .flip();
            answer.descriptors = new int[0];
            return answer;
        });
        try (VfioUserTransport transport = open()) {
            transport.onPoll().run();
            final int before = server.requests.size();
            transport.doorbells().set(ValueLayout.JAVA_INT, 0x20, 3);
            transport.doorbells().set(ValueLayout.JAVA_INT, 0x08, 9);
            transport.onPoll().run();
            transport.onPoll().run();
            transport.doorbells().set(ValueLayout.JAVA_INT, 0x20, 3);
            transport.onPoll().run();
            transport.read32(0x14);
            final List<String> rung = server.requests.subList(before, server.requests.size()).stream()
                .filter(each -> each.limit() == 20)
                .map(each -> Long.toHexString(each.getLong(0)) + "=" + each.getInt(16)).toList();
            assertEquals(List.of("1008=9", "1020=3", "1020=3"), rung);
        }
    }

    @Test
    void shouldRefuseParametersThatAreNone() {
        for (final String bad : List.of("?dma=1M", "?dma=x", "?pages=8k", "?message-timeout=0", "?message-timeout=x",
            "?cache=1")) {
            assertEquals(StorageException.Category.CONFIGURATION,
                assertThrows(StorageException.class, () -> open(bad).close()).category());
        }
        assertTrue(assertThrows(StorageException.class, () -> VfioUserTransport.open(DeviceUri.parse(
            "nvme+vfio-user:" + "/x".repeat(60)))).getMessage().contains("bytes"));
        assertThrows(StorageException.class, () -> VfioUserTransport.open(DeviceUri.parse("nvme+vfio-user:")));
        final DeviceUri uri = DeviceUri.parse("nvme+vfio-user:/nowhere");
        assertThrows(StorageException.class, () -> BlockDevices.provider(uri).create(uri, 1));
        assertEquals(StorageException.Category.CONFIGURATION, assertThrows(StorageException.class,
            () -> BlockDevices.open("nvme+vfio-user:/nowhere", OpenMode.READ_WRITE)).category());
    }
}
