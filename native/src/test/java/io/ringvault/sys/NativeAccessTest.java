package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class NativeAccessTest {

    @Test
    void shouldNameTheFlagWhenAccessIsMissing() {
        final String text = NativeAccess.explanation(NativeAccess.class.getModule());
        assertTrue(text.contains("--enable-native-access=io.ringvault.sys"), text);
        final String unnamed = NativeAccess.explanation(new ClassLoader() { }.getUnnamedModule());
        assertTrue(unnamed.contains("--enable-native-access=ALL-UNNAMED"), unnamed);
        NativeAccess.ensure();
    }

    @Test
    void shouldRefuseOtherPlatformsByName() {
        NativeAccess.checkPlatform("Linux", "amd64");
        NativeAccess.checkPlatform("Linux", "aarch64");
        final UnsupportedOperationException thrown = assertThrows(UnsupportedOperationException.class,
            () -> NativeAccess.checkPlatform("Windows 11", "amd64"));
        assertTrue(thrown.getMessage().contains("Windows 11"), thrown.getMessage());
        assertThrows(UnsupportedOperationException.class, () -> NativeAccess.checkPlatform("Linux", "riscv64"));
    }
}
