package io.ringvault.host;

import io.ringvault.host.Finding.DevicePath;
import io.ringvault.sys.SystemTree;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Cores, Java, huge pages and limits: what every machine has more or less of. */
final class HostChecks {
    private static final int OLDEST_JAVA = 25;
    private static final int SPINNING_CORES = 4;
    private static final long LEAST_LOCKED_BYTES = 64L << 20;
    private static final long HUGE_BYTES_WANTED = 256L << 20;
    private static final String STATUS = "proc/self/status";

    private final SystemTree tree;
    private final JavaVm java;

    /**
     * The JVM that asks.
     *
     * @param feature      of its version, for example 25
     * @param nativeAccess an empty text when native calls work, otherwise why not
     */
    record JavaVm(int feature, String nativeAccess) {
    }

    HostChecks(final SystemTree tree, final JavaVm java) {
        this.tree = tree;
        this.java = java;
    }

    List<Finding> findings() {
        final List<Finding> findings = new ArrayList<>();
        findings.add(cores());
        findings.add(isolated());
        findings.add(java());
        findings.add(nativeAccess());
        findings.add(hugePages("2048kB", 2L << 20));
        findings.add(hugePages("1048576kB", 1L << 30));
        findings.add(lockedMemory());
        return findings;
    }

    /** Cores that this process may run on: a container's share, not the machine's. */
    static BitSet usableCores(final SystemTree tree) {
        return tree.lines(STATUS).stream().filter(line -> line.startsWith("Cpus_allowed_list:")).findFirst()
            .map(line -> CpuList.parse(line.substring(line.indexOf(':') + 1))).orElse(new BitSet());
    }

    private Finding cores() {
        final BitSet usable = usableCores(tree);
        final int count = usable.cardinality();
        if (count == 0) {
            return Finding.warning("cores", "the usable cores are not shown in " + SystemTree.shown(STATUS),
                "mount /proc into this container");
        }
        if (count < SPINNING_CORES) {
            return Finding.warning("cores", count + " usable (" + usable + "): the agents share one thread",
                "give the process " + SPINNING_CORES + " cores or more (taskset -c, docker --cpuset-cpus) so that the "
                + "data and the index agent each get one");
        }
        return Finding.ok("cores", count + " usable (" + usable + ")");
    }

    private Finding isolated() {
        final String list = tree.text("sys/devices/system/cpu/isolated").orElse("");
        return list.isEmpty() ? Finding.warning("isolated cores", "none: other work interrupts polling cores",
            "kernel parameters isolcpus=2,3 nohz_full=2,3 (optional; lowers the tail of latencies)")
            : Finding.ok("isolated cores", list);
    }

    private Finding java() {
        return java.feature >= OLDEST_JAVA ? Finding.ok("java", "Java " + java.feature)
            : Finding.missing("java", "Java " + java.feature, "install a JDK " + OLDEST_JAVA
            + " or newer: apt-get install temurin-" + OLDEST_JAVA + "-jdk", DevicePath.values());
    }

    private Finding nativeAccess() {
        return java.nativeAccess.isEmpty() ? Finding.ok("native access", "granted to io.ringvault.sys")
            : Finding.missing("native access", java.nativeAccess, "start the JVM with"
            + " --enable-native-access=io.ringvault.sys", DevicePath.VFIO, DevicePath.NO_IOMMU, DevicePath.VFIO_USER);
    }

    private Finding hugePages(final String size, final long pageBytes) {
        final boolean small = pageBytes == 2L << 20;
        final String name = "huge pages " + (small ? "2 MiB" : "1 GiB");
        final StringBuilder seen = new StringBuilder();
        long free = 0;
        boolean known = false;
        for (final String node : tree.names("sys/devices/system/node")) {
            final String folder = "sys/devices/system/node/" + node + "/hugepages/hugepages-" + size + "/";
            if (node.matches("node\\d+") && tree.exists(folder + "nr_hugepages")) {
                known = true;
                free += tree.number(folder + "free_hugepages").orElse(0L);
                seen.append(seen.isEmpty() ? "" : ", ").append(node).append(": ")
                    .append(tree.number(folder + "free_hugepages").orElse(0L)).append(" of ")
                    .append(tree.number(folder + "nr_hugepages").orElse(0L)).append(" free");
            }
        }
        final String pool = "sys/kernel/mm/hugepages/hugepages-" + size + "/";
        if (!known && tree.exists(pool + "nr_hugepages")) {
            known = true;
            free = tree.number(pool + "free_hugepages").orElse(0L);
            seen.append(free).append(" of ").append(tree.number(pool + "nr_hugepages").orElse(0L)).append(" free");
        }
        if (!small) {
            return Finding.ok(name, (known ? seen.toString() : "not on this kernel") + " (not needed)");
        }
        final String fix = "echo " + HUGE_BYTES_WANTED / pageBytes + " > /proc/sys/vm/nr_hugepages (per node: "
            + "/sys/devices/system/node/nodeN/hugepages/hugepages-2048kB/nr_hugepages)";
        if (free == 0) {
            return Finding.missing(name, (known ? seen.toString() : "not on this kernel")
                + "; DMA memory falls back to 4 KiB pages, which work without an IOMMU is refused with", fix,
                DevicePath.NO_IOMMU);
        }
        return free * pageBytes < HUGE_BYTES_WANTED ? Finding.warning(name, seen.toString(), fix)
            : Finding.ok(name, seen.toString());
    }

    private Finding lockedMemory() {
        final String line = tree.lines("proc/self/limits").stream()
            .filter(each -> each.startsWith("Max locked memory")).findFirst().orElse("");
        final String soft = line.isEmpty() ? "" : line.substring("Max locked memory".length()).strip().split("\\s+")[0];
        final boolean enough = soft.equals("unlimited")
            || soft.matches("\\d{1,18}") && Long.parseLong(soft) >= LEAST_LOCKED_BYTES;
        if (enough || privileged()) {
            return Finding.ok("locked memory", enough ? soft + " (bytes)" : soft + ", and CAP_IPC_LOCK lifts it");
        }
        return Finding.missing("locked memory", (soft.isEmpty() ? "limit unknown" : soft + " bytes")
            + "; an IOMMU mapping pins its memory against this limit", "ulimit -l unlimited (systemd: LimitMEMLOCK="
            + "infinity; docker: --ulimit memlock=-1)", DevicePath.VFIO);
    }

    private boolean privileged() {
        return tree.lines(STATUS).stream().filter(line -> line.startsWith("CapEff:")).findFirst()
            .map(line -> line.substring(line.indexOf(':') + 1).strip()).filter(hex -> hex.matches("[0-9a-f]{1,16}"))
            .map(hex -> (Long.parseUnsignedLong(hex, 16) >>> 14 & 1) != 0).orElse(false);
    }
}
