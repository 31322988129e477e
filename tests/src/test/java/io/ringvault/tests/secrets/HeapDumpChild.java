package io.ringvault.tests.secrets;

import com.sun.management.HotSpotDiagnosticMXBean;
import io.ringvault.crypto.Secret;
import io.ringvault.disk.KeySource;
import io.ringvault.disk.KeySources;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Uses a volume in every way that touches keys, then dumps its heap: while it is open, and after close and GC. */
final class HeapDumpChild {
    private HeapDumpChild() {
    }

    public static void main(final String[] arguments) throws IOException {
        final String device = arguments[0];
        final KeySource file = KeySources.file(Path.of(arguments[1]));
        use(device, KeySources.passphraseDescriptor(0), List.of(), arguments[2] + ".open");
        use(device, file, List.of(file), null);
        awaitThreads();
        dump(arguments[2] + ".closed");
        System.out.println(Secret.protection());
    }

    private static void use(final String device, final KeySource source, final List<KeySource> rotation,
        final String dump) throws IOException {
        final byte[] data = new byte[1 << 20];
        Arrays.fill(data, (byte) 42);
        try (SecureDisk disk = SecureDisk.open(new SecureDiskContext().device(device).keySource(source))) {
            for (int i = 0; i < 8; i++) {
                disk.write((long) i << 20, MemorySegment.ofArray(data), 0, data.length);
                disk.sync();
            }
            disk.rollSession();
            disk.write(0, MemorySegment.ofArray(data), 0, data.length);
            if (!rotation.isEmpty()) {
                disk.rotateVolumeKey(rotation, true);
                while (!disk.keyRotation().done()) {
                    Thread.onSpinWait();
                }
            }
            disk.read(0, MemorySegment.ofArray(data), 0, data.length);
            if (dump != null) {
                dump(dump);
            }
        }
    }

    /** A thread that is about to end may still hold a cipher on its stack. */
    private static void awaitThreads() {
        for (final Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith("ringvault")) {
                try {
                    thread.join(10_000);
                } catch (final InterruptedException interrupted) {
                    throw new IllegalStateException(interrupted);
                }
            }
        }
    }

    private static void dump(final String path) throws IOException {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class).dumpHeap(path + ".hprof", false);
    }
}
