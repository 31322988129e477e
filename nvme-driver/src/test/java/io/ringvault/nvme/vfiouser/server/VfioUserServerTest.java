package io.ringvault.nvme.vfiouser.server;

import static io.ringvault.nvme.vfiouser.server.RawClient.payload;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.nvme.vfiouser.OpenDescriptors;
import io.ringvault.sys.NativeMapping;
import io.ringvault.sys.NativeMemory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Each rule of the protocol that a client can meet, by a client with an encoder of its own. */
class VfioUserServerTest extends ServerTestBase {
    @Test
    void shouldAnswerVersionWithItsCapabilitiesWhenThereIsNoJson() throws IOException {
        try (RawClient client = client()) {
            final RawClient.Reply reply = client.call(1, payload((short) 0, (short) 1));
            assertTrue(reply.ok());
            assertEquals(92, reply.size());
            assertEquals(0, reply.payload().getShort(0));
            assertEquals(1, reply.payload().getShort(2));
            final byte[] text = new byte[72];
            reply.payload().get(4, text);
            assertEquals("{ \"capabilities\": { \"max_msg_fds\": 8, \"max_data_xfer_size\": 1048576 } }\0",
                new String(text, StandardCharsets.US_ASCII));
        }
    }

    @Test
    void shouldAgreeOnTheSmallerMinorWhenAClientIsNewer() throws IOException {
        try (RawClient client = client()) {
            final RawClient.Reply reply = client.call(1, payload((short) 0, (short) 7,
                "{\"capabilities\":{\"max_msg_fds\":8,\"twin_socket\":{\"supported\":false}}}\0"));
            assertEquals(2, reply.payload().getShort(2));
        }
    }

    @Test
    void shouldRefuseAndDropWhenTheVersionIsNotAcceptable() throws IOException {
        final List<ByteBuffer> wrong = List.of(payload((short) 1, (short) 0), payload((short) 0),
            payload((short) 0, (short) 1, "{}"), payload((short) 0, (short) 1, "nonsense\0"),
            payload((short) 0, (short) 1, "{\"capabilities\":{\"max_msg_fds\":1025}}\0"),
            payload((short) 0, (short) 1, "{\"capabilities\":{\"twin_socket\":{\"supported\":1}}}\0"));
        for (final ByteBuffer payload : wrong) {
            try (RawClient client = client()) {
                final RawClient.Reply reply = client.call(1, payload);
                assertEquals(0x21, reply.flags());
                assertEquals(EINVAL, reply.errno());
                assertEquals(16, reply.size());
                assertTrue(client.isDropped());
            }
        }
        assertNextIsServed();
    }

    @Test
    void shouldRefuseAndDropWhenTheFirstMessageIsAnotherOrHasDescriptors() throws IOException {
        try (RawClient client = client()) {
            assertEquals(EINVAL, client.call(4, payload(16, 0, 0, 0)).errno());
            assertTrue(client.isDropped());
        }
        try (RawClient client = client()) {
            assertEquals(EINVAL, client.call(1, payload((short) 0, (short) 1), 0).errno());
            assertTrue(client.isDropped());
        }
        try (RawClient client = client().hello()) {
            assertEquals(EINVAL, client.call(1, payload((short) 0, (short) 1)).errno());
            assertEquals(0, client.read32(0x1C));
        }
    }

    @Test
    void shouldSurviveWhenACommandIsUnknownEmptyOrAReply() throws IOException {
        try (RawClient client = client().hello()) {
            for (final int command : new int[] {99, 0, 6, 11, 12, 0xFFFF & 14}) {
                final RawClient.Reply reply = client.call(command, payload(0L, 0L));
                assertEquals(0x21, reply.flags());
                assertEquals(EINVAL, reply.errno());
                assertEquals(16, reply.size());
            }
            assertEquals(EINVAL, client.call(4, payload()).errno());
            client.send(client.message(4, 1, payload(16, 0, 0, 0)));
            assertEquals(EINVAL, client.receive().errno());
            assertEquals(0x0002_0100, client.read32(8));
        }
    }

    @Test
    void shouldDescribeAPciDeviceWithNineRegionsAndFiveInterruptTypes() throws IOException {
        try (RawClient client = client().hello()) {
            final ByteBuffer info = client.call(4, payload(16, 0, 0, 0)).payload();
            assertEquals(List.of(16, 3, 9, 5), List.of(info.getInt(0), info.getInt(4), info.getInt(8),
                info.getInt(12)));
            assertEquals(EINVAL, client.call(4, payload(15, 0, 0, 0)).errno());
            assertEquals(EINVAL, client.call(4, payload(16, 0)).errno());
            final long[] sizes = {0x4000, 0, 0, 0, 0x2000, 0x1000, 0, 0x1000, 0};
            for (int region = 1; region < sizes.length; region++) {
                final RawClient.Reply reply = client.call(5, payload(32, 0, region, 0, 0L, 0L));
                assertEquals(sizes[region], reply.payload().getLong(16), "size of region " + region);
                assertEquals(sizes[region] == 0 ? 0 : 3, reply.payload().getInt(4));
                assertEquals(0, reply.descriptors().size());
            }
            assertEquals(EINVAL, client.call(5, payload(32, 0, 9, 0, 0L, 0L)).errno());
        }
    }

    @Test
    void shouldPassOneDescriptorForTheDoorbellsWhenTheReplyFits() throws IOException {
        try (RawClient client = client().hello()) {
            final RawClient.Reply reply = client.call(5, payload(4096, 0, 0, 0, 0L, 0L));
            final ByteBuffer info = reply.payload();
            assertEquals(16 + 64, reply.size());
            assertEquals(List.of(64, 0xF, 0, 32), List.of(info.getInt(0), info.getInt(4), info.getInt(8),
                info.getInt(12)));
            assertEquals(0x4000, info.getLong(16));
            assertEquals(0, info.getLong(24));
            assertEquals(1, info.getShort(32));
            assertEquals(1, info.getShort(34));
            assertEquals(0, info.getInt(36));
            assertEquals(1, info.getInt(40));
            assertEquals(0x1000, info.getLong(48));
            assertEquals(0x1000, info.getLong(56));
            assertEquals(1, reply.descriptors().size());
            try (NativeMapping page = NativeMapping.map(reply.descriptors().getFirst(), 0x1000, 0x1000, true)) {
                page.segment().set(ValueLayout.JAVA_INT, 0xFFC, 5);
                assertEquals(5, page.segment().get(ValueLayout.JAVA_INT, 0xFFC));
                assertEquals(0, client.write32(0, 0x1FF8, 77).errno());
                assertEquals(77, page.segment().get(ValueLayout.JAVA_INT, 0xFF8));
            }
            reply.descriptors().getFirst().close();
        }
    }

    @Test
    void shouldGiveTheNeededLengthAndNoDescriptorWhenArgszIsShort() throws IOException {
        try (RawClient client = client().hello()) {
            final RawClient.Reply reply = client.call(5, payload(32, 0, 0, 0, 0L, 0L));
            assertEquals(48, reply.size());
            assertEquals(64, reply.payload().getInt(0));
            assertEquals(0, reply.payload().getInt(12));
            assertEquals(0x4000, reply.payload().getLong(16));
            assertEquals(0, reply.descriptors().size());
            assertEquals(EINVAL, client.call(5, payload(31, 0, 0, 0, 0L, 0L)).errno());
        }
    }

    @Test
    void shouldPassNoDescriptorWhenDoorbellsAreNotMappable() throws IOException {
        serve(new ServerLimits(5_000, 5_000, false));
        try (RawClient client = client().hello()) {
            final RawClient.Reply reply = client.call(5, payload(4096, 0, 0, 0, 0L, 0L));
            assertEquals(3, reply.payload().getInt(4));
            assertEquals(0, reply.descriptors().size());
        }
    }

    @Test
    void shouldKeepTheRulesOfDmaMapAndUnmap() throws IOException {
        try (NativeMemory memory = NativeMemory.memfd("dma", 1 << 20, NativeMemory.Pages.BASE);
            RawClient client = client().hello()) {
            final int fd = memory.descriptor();
            final RawClient.Reply mapped = client.map(3, 0, ADDRESS, 8192, fd);
            assertTrue(mapped.ok());
            assertEquals(16, mapped.size());
            assertTrue(client.map(3, 0, ADDRESS, 8192, fd).ok(), "the identical map again");
            assertEquals(EINVAL, client.map(3, 0, ADDRESS + 4096, 8192, fd).errno(), "overlap");
            assertEquals(EINVAL, client.map(3, 0, ADDRESS - 4096, 8192, fd).errno(), "overlap");
            assertEquals(EINVAL, client.map(3, 0, ADDRESS, 4096, fd).errno(), "inside");
            assertTrue(client.map(3, 0, ADDRESS + 8192, 4096).ok(), "without a descriptor: accepted, of no use");
            assertTrue(client.map(3, 0, 0, 4096, fd).ok(), "address 0");
            assertTrue(client.map(3, 4096, -8192L, 8192, fd).ok(), "the highest addresses");
            assertEquals(EINVAL, client.map(3, 0, -4096L, 8192, fd).errno(), "wraps around");
            assertEquals(EINVAL, client.map(3, 0, 1L << 40, (8L << 40) + 4096, fd).errno(), "more than 8 TiB");
            assertEquals(EINVAL, client.map(4, 0, 1L << 40, 4096, fd).errno(), "unknown flag");
            assertEquals(EINVAL, client.map(3, 0, 1L << 40, 0, fd).errno(), "empty");
            assertEquals(EINVAL, client.map(3, 512, 1L << 40, 4096, fd).errno(), "not a page of the file");
            assertEquals(EINVAL, client.map(3, 0, 1L << 40, 4096, fd, fd).errno(), "two descriptors");
            assertEquals(EINVAL, client.call(2, payload(31, 3, 0L, 1L << 40, 4096L), fd).errno(), "argsz");
            assertEquals(ENOENT, client.unmap(0, ADDRESS, 4096).errno(), "only exactly");
            assertEquals(ENOENT, client.unmap(0, ADDRESS + 4096, 4096).errno());
            assertEquals(EINVAL, client.unmap(2, ADDRESS, 8192).errno(), "all, but with an address");
            final RawClient.Reply unmapped = client.unmap(0, ADDRESS, 8192);
            assertTrue(unmapped.ok());
            assertEquals(40, unmapped.size());
            assertEquals(ADDRESS, unmapped.payload().getLong(8));
            assertEquals(ENOENT, client.unmap(0, ADDRESS, 8192).errno(), "twice");
            assertTrue(client.unmap(2, 0, 0).ok());
            assertTrue(client.map(3, 0, ADDRESS, 1 << 20, fd).ok());
        }
    }

    @Test
    void shouldAcceptSixtyFourRegionsAndNoMore() throws IOException {
        final int before = OpenDescriptors.count();
        try (NativeMemory memory = NativeMemory.memfd("dma", 4096, NativeMemory.Pages.BASE);
            RawClient client = client().hello()) {
            for (int i = 0; i < 64; i++) {
                assertTrue(client.map(3, 0, ADDRESS + 8192L * i, 4096, memory.descriptor()).ok());
            }
            assertEquals(EINVAL, client.map(3, 0, ADDRESS - 8192, 4096, memory.descriptor()).errno());
        }
        assertNextIsServed();
        server.close();
        OpenDescriptors.assertAtMost(before);
    }

    @Test
    void shouldRefuseDescriptorsThatWouldFaultWhenUsed() throws Exception {
        try (NativeMemory small = NativeMemory.memfd("small", 8192, NativeMemory.Pages.BASE);
            RawClient client = client().hello()) {
            assertEquals(EINVAL, client.map(3, 0, ADDRESS, 12288, small.descriptor()).errno(), "beyond its end");
            assertEquals(EINVAL, client.map(3, 8192, ADDRESS, 4096, small.descriptor()).errno());
            assertEquals(EINVAL, client.map(3, Long.MAX_VALUE & -4096, ADDRESS, 4096, small.descriptor()).errno());
            final int notMemory = 0;
            assertTrue(client.map(3, 0, ADDRESS, 4096, notMemory).errno() != 0, "no regular file");
            assertTrue(client.map(3, 0, ADDRESS, 8192, small.descriptor()).ok());
        }
    }

    @Test
    void shouldRefuseAndCloseAllWhenTooManyDescriptorsCome() throws IOException {
        try (RawClient client = client().hello()) {
            client.read32(0x1C);
            final int before = OpenDescriptors.count();
            assertEquals(EINVAL, client.map(3, 0, ADDRESS, 4096, new int[9]).errno());
            assertEquals(EINVAL, client.map(3, 0, ADDRESS, 4096, new int[100]).errno());
            client.read32(0x1C);
            OpenDescriptors.assertAtMost(before);
        }
    }

    @Test
    void shouldTakeOnlyFourOrEightBytesWhenRegistersAreAccessed() throws IOException {
        try (RawClient client = client().hello()) {
            final RawClient.Reply cap = client.read(0, 0, 8);
            assertEquals(16 + 16 + 8, cap.size());
            assertEquals(8, cap.payload().getInt(12));
            assertEquals(1023, cap.payload().getLong(16) & 0xFFFF);
            assertEquals(cap.payload().getInt(20), client.read32(4), "the upper half alone");
            assertEquals(EINVAL, client.read(0, 0, 2).errno());
            assertEquals(EINVAL, client.read(0, 0, 16).errno());
            assertEquals(EINVAL, client.call(10, payload(0x14L, 0, 2, (short) 0)).errno());
            assertEquals(0, client.read(0, 9, 4).payload().getInt(16), "misaligned reads as zero");
            assertTrue(client.write32(0, 0x26, -1).ok());
            assertEquals(0, client.read32(0x24), "misaligned writes change nothing");
            assertTrue(client.write32(0, 0x24, 0x001F001F).ok());
            assertEquals(0x001F001F, client.read32(0x24));
            assertTrue(client.call(10, payload(0x28L, 0, 8, 0x1234_5678_9ABC_D000L)).ok());
            assertEquals(0x1234_5678_9ABC_D000L, client.read(0, 0x28, 8).payload().getLong(16));
            assertTrue(client.write32(0, 0x1C, 1).ok());
            assertEquals(0, client.read32(0x1C), "a read-only register stays");
        }
    }

    @Test
    void shouldBoundAccessesToTheirRegion() throws IOException {
        try (RawClient client = client().hello()) {
            assertEquals(EPERM, client.read(0, 0x1000, 4).errno(), "doorbells are not read by message");
            assertEquals(EINVAL, client.read(0, 0x4000, 4).errno());
            assertEquals(EINVAL, client.read(0, -4, 4).errno());
            assertEquals(EINVAL, client.read(0, Long.MAX_VALUE - 3, 4).errno());
            assertEquals(EINVAL, client.write32(0, 0x2000, 1).errno(), "behind the doorbells");
            assertEquals(EINVAL, client.call(10, payload(0x1000L, 0, 8, 1L)).errno(), "a doorbell has 4 bytes");
            assertEquals(EINVAL, client.read(1, 0, 4).errno(), "a region without bytes");
            assertEquals(EINVAL, client.read(9, 0, 4).errno());
            assertEquals(EINVAL, client.read(-1, 0, 4).errno());
            assertEquals(EINVAL, client.read(7, 0xFFE, 4).errno());
            assertEquals(EINVAL, client.read(0, 0, -4).errno());
            assertEquals(EINVAL, client.call(9, payload(0L, 0, 4, 0)).errno(), "a read with data");
            assertEquals(EINVAL, client.call(10, payload(0x14L, 0, 8, 0)).errno(), "count and data differ");
            assertEquals(EINVAL, client.call(10, payload(0x14L, 0)).errno(), "half a request");
            assertTrue(client.write32(4, 0x1FFC, 9).ok());
            assertEquals(9, client.read(4, 0x1FFC, 4).payload().getInt(16));
        }
    }

    @Test
    void shouldHaveTheConfigurationSpaceOfAnNvmeControllerAndKeepItForTheNextClient() throws IOException {
        try (RawClient client = client().hello()) {
            assertEquals((short) 0x4E58, client.read(7, 0, 2).payload().getShort(16));
            assertEquals(0x0001_4E58, client.read(7, 0, 4).payload().getInt(16));
            assertEquals(0x010802, client.read(7, 8, 4).payload().getInt(16) >>> 8);
            assertEquals(1, client.read(7, 11, 1).payload().get(16));
            assertTrue(client.write32(7, 0x10, -1).ok());
            assertEquals(~0x3FFF | 4, client.read(7, 0x10, 4).payload().getInt(16), "BAR0 sizing");
            assertTrue(client.write32(7, 0, -1).ok());
            assertEquals(0x0001_4E58, client.read(7, 0, 4).payload().getInt(16), "the identity is read-only");
            assertEquals(0, client.read(7, 4, 2).payload().getShort(16));
            assertTrue(client.call(10, payload(4L, 7, 2, (short) 0x404)).ok());
        }
        try (RawClient client = client().hello()) {
            assertEquals(0x404, client.read(7, 4, 2).payload().getShort(16), "it belongs to the endpoint");
        }
    }

    @Test
    void shouldNotReplyWhenNoReplyIsWanted() throws IOException {
        try (RawClient client = client().hello()) {
            client.send(client.message(10, 1 << 4, payload(0x24L, 0, 4, 0x00010001)));
            client.send(client.message(99, 1 << 4, payload(0L)));
            assertEquals(0x00010001, client.read32(0x24));
        }
    }

    @Test
    void shouldAnswerInterruptMessagesWithoutDeliveringAny() throws IOException {
        try (RawClient client = client().hello()) {
            for (int index = 0; index < 5; index++) {
                final ByteBuffer info = client.call(7, payload(16, 0, index, 0)).payload();
                assertEquals(List.of(16, 0, index, 0), List.of(info.getInt(0), info.getInt(4), info.getInt(8),
                    info.getInt(12)));
            }
            assertEquals(EINVAL, client.call(7, payload(16, 0, 5, 0)).errno());
            assertTrue(client.call(8, payload(20, 0x21, 2, 0, 0)).ok(), "off");
            final int before = OpenDescriptors.count();
            assertEquals(EOPNOTSUPP, client.call(8, payload(20, 0x24, 2, 0, 1), 0).errno(), "an eventfd");
            OpenDescriptors.assertAtMost(before);
            assertEquals(EINVAL, client.call(8, payload(20, 0x21, 7, 0, 0)).errno());
        }
    }

    /** An enabled controller with a 16-entry admin queue in {@code memory}, and one Identify already rung for. */
    private static void enableAndIdentify(final RawClient client, final MemorySegment memory) throws IOException {
        assertTrue(client.write32(0, 0x24, 0x000F000F).ok());
        assertTrue(client.call(10, payload(0x28L, 0, 8, ADDRESS)).ok());
        assertTrue(client.call(10, payload(0x30L, 0, 8, ADDRESS + 4096)).ok());
        assertTrue(client.write32(0, 0x14, ENABLE).ok());
        assertEquals(1, client.read32(0x1C));
        memory.set(ValueLayout.JAVA_INT, 0, 0x06 | 7 << 16);
        memory.set(ValueLayout.JAVA_LONG, 24, ADDRESS + 8192);
        memory.set(ValueLayout.JAVA_INT, 40, 1);
        assertTrue(client.write32(0, 0x1000, 1).ok());
    }

    private static void awaitCompletion(final MemorySegment memory) {
        final long deadline = System.nanoTime() + RawClient.LIMIT_MS * 1_000_000;
        while ((memory.get(ValueLayout.JAVA_INT, 4096 + 12) & 1 << 16) == 0) {
            assertTrue(System.nanoTime() < deadline, "no completion");
            Thread.onSpinWait();
        }
    }

    @Test
    void shouldServeCommandsInHandedOverMemoryAndForgetItAtTheEnd() throws IOException {
        try (NativeMemory memory = NativeMemory.memfd("dma", 16384, NativeMemory.Pages.BASE)) {
            for (int connect = 0; connect < 3; connect++) {
                memory.segment().fill((byte) 0);
                try (RawClient client = client().hello()) {
                    assertEquals(0, client.read32(0x14), "a controller that was just switched on");
                    assertTrue(client.call(10, payload(4L, 7, 2, (short) 0x404)).ok());
                    assertTrue(client.map(3, 0, ADDRESS, 16384, memory.descriptor()).ok());
                    enableAndIdentify(client, memory.segment());
                    awaitCompletion(memory.segment());
                    assertEquals(7, memory.segment().get(ValueLayout.JAVA_SHORT, 4096 + 12));
                    assertEquals('R', memory.segment().get(ValueLayout.JAVA_BYTE, 8192 + 4));
                    assertEquals(1, client.read32(0x1C));
                }
            }
        }
    }

    @Test
    void shouldReportAFatalStateWhenInterruptsFindNoReceiver() throws IOException {
        try (NativeMemory memory = NativeMemory.memfd("dma", 16384, NativeMemory.Pages.BASE);
            RawClient client = client().hello()) {
            assertTrue(client.map(3, 0, ADDRESS, 16384, memory.descriptor()).ok());
            enableAndIdentify(client, memory.segment());
            awaitCompletion(memory.segment());
            final long deadline = System.nanoTime() + RawClient.LIMIT_MS * 1_000_000;
            while (client.read32(0x1C) != 3) {
                assertTrue(System.nanoTime() < deadline, "CSTS is " + client.read32(0x1C));
            }
        }
    }

    @Test
    void shouldResetTheControllerAndAnswerWithABareHeader() throws IOException {
        try (NativeMemory memory = NativeMemory.memfd("dma", 16384, NativeMemory.Pages.BASE);
            RawClient client = client().hello()) {
            assertTrue(client.map(3, 0, ADDRESS, 16384, memory.descriptor()).ok());
            enableAndIdentify(client, memory.segment());
            final RawClient.Reply reply = client.call(13, payload());
            assertTrue(reply.ok());
            assertEquals(16, reply.size());
            assertEquals(0, client.read32(0x1C));
            assertEquals(0, client.read32(0x14));
        }
    }

    @Test
    void shouldReportAFatalStateWhenTheMemoryOfALiveQueueIsTaken() throws IOException {
        try (NativeMemory memory = NativeMemory.memfd("dma", 16384, NativeMemory.Pages.BASE);
            RawClient client = client().hello()) {
            assertTrue(client.map(3, 0, ADDRESS, 16384, memory.descriptor()).ok());
            enableAndIdentify(client, memory.segment());
            assertTrue(client.unmap(0, ADDRESS, 16384).ok());
            assertEquals(FATAL, client.read32(0x1C) & FATAL);
            assertTrue(client.write32(0, 0x14, 0).ok());
            assertEquals(0, client.read32(0x1C), "and a reset helps");
        }
    }

    @Test
    void shouldOutliveAClientThatShrinksItsMemory() throws IOException {
        final Path file = folder.resolve("shrinking");
        try (RandomAccessFile memory = new RandomAccessFile(file.toFile(), "rw")) {
            memory.setLength(16384);
            try (RawClient client = client().hello()) {
                assertTrue(client.map(3, 0, ADDRESS, 16384, descriptorOf(file)).ok());
                assertTrue(client.write32(0, 0x24, 0x000F000F).ok());
                assertTrue(client.call(10, payload(0x28L, 0, 8, ADDRESS)).ok());
                assertTrue(client.call(10, payload(0x30L, 0, 8, ADDRESS + 4096)).ok());
                assertTrue(client.write32(0, 0x14, ENABLE).ok());
                memory.setLength(0);
                assertTrue(client.write32(0, 0x1000, 1).ok());
                final long deadline = System.nanoTime() + RawClient.LIMIT_MS * 1_000_000;
                while ((client.read32(0x1C) & FATAL) == 0) {
                    assertTrue(System.nanoTime() < deadline, "no fatal state");
                }
            }
        }
        assertNextIsServed();
    }

    private static int descriptorOf(final Path file) throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            for (final Path each : all.toList()) {
                if (Files.isSymbolicLink(each) && Files.readSymbolicLink(each).equals(file.toRealPath())) {
                    return Integer.parseInt(each.getFileName().toString());
                }
            }
        }
        throw new AssertionError("no descriptor of " + file);
    }
}
