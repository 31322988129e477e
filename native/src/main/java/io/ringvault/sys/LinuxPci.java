package io.ringvault.sys;

/** Numbers of {@code linux/pci_regs.h}: the command register of PCI configuration space. */
final class LinuxPci {
    static final long PCI_COMMAND = 4;
    static final int PCI_COMMAND_MEMORY = 0x2;
    static final int PCI_COMMAND_MASTER = 0x4;
    static final int PCI_COMMAND_INTX_DISABLE = 0x400;

    private LinuxPci() {
    }
}
