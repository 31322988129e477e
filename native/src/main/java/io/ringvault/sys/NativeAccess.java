package io.ringvault.sys;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.util.Locale;

/** Whether this module may call the operating system, and a clear explanation when it may not. Any thread. */
public final class NativeAccess {
    private static volatile boolean granted;

    private NativeAccess() {
    }

    /**
     * Returns when native calls are possible.
     *
     * @throws IllegalCallerException        when the JVM was not told to grant native access
     * @throws UnsupportedOperationException on a platform other than 64-bit Linux on x86_64 or aarch64
     */
    public static void ensure() {
        if (!granted) {
            checkPlatform(System.getProperty("os.name"), System.getProperty("os.arch"));
            try {
                final Linker linker = Linker.nativeLinker();
                linker.downcallHandle(linker.defaultLookup().findOrThrow("getpid"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT));
            } catch (final IllegalCallerException refused) {
                throw new IllegalCallerException(explanation(NativeAccess.class.getModule()), refused);
            }
            granted = true;
        }
    }

    static String explanation(final Module module) {
        final String name = module.isNamed() ? module.getName() : "ALL-UNNAMED";
        return "Ringvault needs native access for one module and does not have it; "
            + "start the JVM with --enable-native-access=" + name
            + " (an executable jar may say 'Enable-Native-Access: ALL-UNNAMED' in its manifest)";
    }

    static void checkPlatform(final String osName, final String osArch) {
        final String arch = osArch.toLowerCase(Locale.ROOT);
        final boolean known = arch.equals("amd64") || arch.equals("x86_64") || arch.equals("aarch64");
        if (!osName.equals("Linux") || !known) {
            throw new UnsupportedOperationException("native calls exist for Linux on x86_64 and aarch64, not for "
                + osName
                + " on " + osArch + "; use a device that needs none, for example file: or mem:");
        }
    }
}
