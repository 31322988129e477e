package io.ringvault.sys;

import java.util.List;

/**
 * Whether this process runs in a confidential virtual machine, whose private pages no device can reach.
 *
 * <p>What the kernel shows is believed: a host that could forge it could as well refuse to run the guest, and nothing
 * here grants trust. It only chooses where DMA memory comes from. Control plane, any thread.
 *
 * @param kind     what it is
 * @param evidence where that was seen, for people; empty for {@link Kind#NONE}
 */
public record ConfidentialGuest(Kind kind, String evidence) {

    /** Kinds of guest. */
    public enum Kind {
        /** No confidential guest, as far as can be seen. */
        NONE("none"),
        /** Intel Trust Domain Extensions. */
        TDX("TDX"),
        /** AMD Secure Encrypted Virtualization with Secure Nested Paging. */
        SEV_SNP("SEV-SNP"),
        /** AMD Secure Encrypted Virtualization without it: memory is encrypted, its integrity is not protected. */
        SEV("SEV");

        private final String text;

        Kind(final String text) {
            this.text = text;
        }

        /** The name as vendors write it. */
        public String text() {
            return text;
        }
    }

    /** Looks at what the kernel shows of the machine. */
    public static ConfidentialGuest detect(final SystemTree tree) {
        final List<String> flags = flags(tree);
        if (flags.contains("tdx_guest")) {
            return new ConfidentialGuest(Kind.TDX, "/proc/cpuinfo has tdx_guest");
        }
        for (final String device : List.of("dev/tdx_guest", "dev/tdx-guest", "sys/class/misc/tdx_guest")) {
            if (tree.exists(device)) {
                return new ConfidentialGuest(Kind.TDX, SystemTree.shown(device));
            }
        }
        for (final String device : List.of("dev/sev-guest", "sys/class/misc/sev-guest",
            "sys/devices/system/cpu/sev/vmpl")) {
            if (tree.exists(device)) {
                return new ConfidentialGuest(Kind.SEV_SNP, SystemTree.shown(device));
            }
        }
        // Hosts that can start such guests show the same flags; only a guest shows "hypervisor" beside them.
        if (flags.contains("hypervisor") && flags.contains("sev_snp")) {
            return new ConfidentialGuest(Kind.SEV_SNP, "/proc/cpuinfo has sev_snp and hypervisor");
        }
        if (flags.contains("hypervisor") && flags.contains("sev")) {
            return new ConfidentialGuest(Kind.SEV, "/proc/cpuinfo has sev and hypervisor");
        }
        return new ConfidentialGuest(Kind.NONE, "");
    }

    private static List<String> flags(final SystemTree tree) {
        return tree.lines("proc/cpuinfo").stream().filter(line -> line.startsWith("flags")).findFirst()
            .map(line -> List.of(line.substring(line.indexOf(':') + 1).strip().split("\\s+"))).orElse(List.of());
    }

    /** Whether devices reach shared pages only. */
    public boolean present() {
        return kind != Kind.NONE;
    }
}
