package io.ringvault.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.host.Finding.DevicePath;
import io.ringvault.host.Finding.State;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The machines that people have, as folders. */
class DoctorTest {
    private static final String NODE0 = "sys/devices/system/node/node0/hugepages/";
    private static final String SWITCH = "sys/module/vfio/parameters/enable_unsafe_noiommu_mode";

    @TempDir
    private Path root;

    private FakeMachine process(final String cores, final String memlock, final String capabilities) {
        return new FakeMachine(root)
            .file("proc/self/status", "Name:\tjava\nCapEff:\t" + capabilities + "\nCpus_allowed_list:\t" + cores)
            .file("proc/self/limits", "Limit  Soft Limit  Hard Limit  Units\nMax locked memory         " + memlock
                + "              " + memlock + "              bytes");
    }

    private FakeMachine laptop() {
        return process("0-7", "8388608", "0000000000000000").file("proc/cmdline", "quiet")
            .file("proc/cpuinfo", "flags\t: fpu vmx").file("sys/devices/system/cpu/isolated", "")
            .file(NODE0 + "hugepages-2048kB/nr_hugepages", "0").file(NODE0 + "hugepages-2048kB/free_hugepages", "0");
    }

    private FakeMachine server() {
        return process("0-15", "unlimited", "0000000000000000").file("proc/cmdline", "intel_iommu=on")
            .file("proc/cpuinfo", "flags\t: fpu vmx sev sev_snp").file("sys/devices/system/cpu/isolated", "8-15")
            .file(NODE0 + "hugepages-2048kB/nr_hugepages", "512")
            .file(NODE0 + "hugepages-2048kB/free_hugepages", "500")
            .file("sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages", "512")
            .file("sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages", "512")
            .file("sys/class/iommu/dmar0/x", "").file("dev/vfio/vfio", "").file("dev/vfio/14", "")
            .file("dev/iommu", "").handedOver()
            .file("sys/bus/pci/devices/" + FakeMachine.BDF + "/local_cpulist", "0-7");
    }

    private Doctor.Report examine(final FakeMachine machine, final String device) {
        return new Doctor(machine.tree(), new HostChecks.JavaVm(25, "")).examine(device);
    }

    private static Finding find(final Doctor.Report report, final String name) {
        return report.findings().stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
    }

    private static void assertFinding(final Doctor.Report report, final String name, final State state,
        final String text, final String fix) {
        final Finding finding = find(report, name);
        assertEquals(state, finding.state(), finding::toString);
        assertTrue(finding.text().contains(text), finding::toString);
        assertTrue(finding.fix().contains(fix), finding::toString);
    }

    @Test
    void shouldNameWhatABareLaptopLacks() {
        final Doctor.Report report = examine(laptop(), null);
        assertTrue(report.works(), "files and the model work anywhere");
        assertEquals(Set.of(DevicePath.PORTABLE, DevicePath.VFIO_USER), report.working());
        assertFinding(report, "cores", State.OK, "8 usable", "");
        assertFinding(report, "isolated cores", State.WARNING, "none", "isolcpus=");
        assertFinding(report, "huge pages 2 MiB", State.MISSING, "node0: 0 of 0 free", "/proc/sys/vm/nr_hugepages");
        assertFinding(report, "locked memory", State.MISSING, "8388608 bytes", "ulimit -l unlimited");
        assertFinding(report, "IOMMU", State.MISSING, "none", "intel_iommu=on");
        assertFinding(report, "vfio-pci", State.MISSING, "", "modprobe vfio-pci");
        assertFinding(report, "/dev/vfio", State.MISSING, "", "modprobe vfio-pci");
        assertFinding(report, "VFIO without IOMMU", State.MISSING, "", "CONFIG_VFIO_NOIOMMU");
        assertFinding(report, "confidential guest", State.OK, "no", "");
        assertFalse(examine(laptop(), "nvme:" + FakeMachine.BDF).works());
    }

    @Test
    void shouldFindNothingMissingOnAServerThatIsReady() {
        final Doctor.Report report = examine(server(), FakeMachine.BDF);
        assertEquals(new TreeSet<>(Set.of("VFIO without IOMMU")), new TreeSet<>(report.findings().stream()
            .filter(each -> each.state() == State.MISSING).map(Finding::name).toList()));
        assertTrue(report.works());
        assertEquals(DevicePath.VFIO, report.asked());
        assertFinding(report, "huge pages 2 MiB", State.OK, "node0: 500 of 512 free, node1: 512 of 512 free", "");
        assertFinding(report, "NUMA node", State.OK, "0, cores {0, 1, 2", "");
        assertFinding(report, "IOMMU group", State.OK, "/dev/vfio/14", "");
        assertFinding(report, "confidential guest", State.OK, "no", "");
        assertFalse(examine(server(), "nvme:" + FakeMachine.BDF + "?iommu=none-all-memory-exposed").works());
        assertTrue(examine(server().file(SWITCH, "Y"), "nvme:" + FakeMachine.BDF
            + "?iommu=none-all-memory-exposed").works());
    }

    @Test
    void shouldNameTheOneThingThatIsMissingOnAServer() {
        final String bdf = FakeMachine.BDF;
        assertFinding(examine(server().controller(), bdf), "controller", State.MISSING, "bound to nvme",
            "ringvault nvme bind " + bdf);
        assertFinding(examine(server().controller().file("proc/swaps", "/dev/nvme0n1 partition"), bdf), "controller",
            State.MISSING, "nvme0n1 is swap space", "");
        server().handedOver().function("0000:01:00.1", "0x020000", "e1000e", "14");
        assertFinding(examine(server(), bdf), "IOMMU group", State.MISSING, "0000:01:00.1", "unbind");
        assertFinding(examine(server().file("proc/self/status", "Cpus_allowed_list:\t8-15"), bdf), "NUMA node",
            State.WARNING, "node 0", "numactl --cpunodebind=0");
        assertFinding(examine(server().file("proc/cmdline", "intel_iommu=off").remove("sys/class/iommu/dmar0/x")
            .remove("sys/class/iommu/dmar0"), bdf), "IOMMU", State.MISSING, "switched off", "iommu=off");
        assertFinding(examine(server(), "0000:99:00.0"), "controller", State.MISSING, "not there", "nvme list");
    }

    @Test
    void shouldSayWhatAppliesInATdxGuest() {
        final FakeMachine guest = laptop().file("proc/cpuinfo", "flags\t: fpu hypervisor tdx_guest")
            .file("dev/tdx_guest", "").handedOver();
        final Doctor.Report report = examine(guest, FakeMachine.BDF);
        assertFalse(report.works());
        assertFinding(report, "confidential guest", State.WARNING, "TDX (/proc/cpuinfo has tdx_guest)", "file:");
        assertFinding(report, "confidential guest", State.WARNING, "does not yet drive a controller with it", "");
        assertFinding(report, "IOMMU", State.MISSING, "", "host would have to offer");
        assertFinding(report, "shared DMA heap", State.MISSING, "/dev/dma_heap/system_cc_shared", "system_cc_shared");
        assertFinding(examine(guest.file("dev/dma_heap/system_cc_shared", ""), null), "shared DMA heap", State.OK, "",
            "");
    }

    @Test
    void shouldSayWhatAppliesInASevSnpGuest() {
        final FakeMachine guest = laptop().file("proc/cpuinfo", "flags\t: fpu hypervisor sev_snp")
            .file("dev/sev-guest", "");
        final Doctor.Report report = examine(guest, null);
        assertTrue(report.works());
        assertFinding(report, "confidential guest", State.WARNING, "SEV-SNP (/dev/sev-guest)", "");
        assertFinding(report, "shared DMA heap", State.MISSING, "", "");
    }

    @Test
    void shouldManageInAContainerWithoutDevices() {
        final FakeMachine container = process("3", "65536", "00000000a80425fb")
            .file("proc/cpuinfo", "flags\t: fpu hypervisor");
        final Doctor.Report report = examine(container, "nvme+vfio-user:/run/x");
        assertFalse(report.works());
        assertFinding(report, "cores", State.WARNING, "1 usable ({3})", "--cpuset-cpus");
        assertFinding(report, "/dev/vfio", State.MISSING, "", "docker run --device /dev/vfio");
        assertFinding(report, "locked memory", State.MISSING, "65536", "--ulimit memlock=-1");
        assertFinding(report, "socket", State.MISSING, "/run/x/cntrl", "serve-model");
        assertTrue(examine(container.file("run/x/cntrl", ""), "nvme+vfio-user:/run/x").works());
        assertFinding(examine(new FakeMachine(root.resolve("empty")), null), "cores", State.WARNING, "not shown", "");
    }

    @Test
    void shouldBelieveThatRootMayLockAllMemory() {
        final FakeMachine machine = process("0-7", "65536", "000001ffffffffff");
        assertFinding(examine(machine, null), "locked memory", State.OK, "CAP_IPC_LOCK", "");
    }

    @Test
    void shouldNotWorkAtAllOnAnOldJavaNorNativelyWithoutAccess() {
        final Doctor.Report old = new Doctor(server().tree(), new HostChecks.JavaVm(21, "")).examine(null);
        assertEquals(Set.of(), old.working());
        final Doctor.Report fenced = new Doctor(server().tree(), new HostChecks.JavaVm(25, "no")).examine(null);
        assertEquals(Set.of(DevicePath.PORTABLE), fenced.working());
        assertFinding(fenced, "native access", State.MISSING, "no", "--enable-native-access=io.ringvault.sys");
    }

    @Test
    void shouldReadTheKernelsListsOfCores() {
        assertEquals("{0, 1, 2, 3, 8}", CpuList.parse("0-3,8").toString());
        assertEquals("{}", CpuList.parse("").toString());
        assertEquals("{5}", CpuList.parse("9-3,5,x,99999-99999").toString());
    }
}
