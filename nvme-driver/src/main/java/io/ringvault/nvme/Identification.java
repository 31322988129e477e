package io.ringvault.nvme;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.ActiveNamespaceList;
import io.ringvault.nvme.spec.IdentifyNamespace;
import io.ringvault.nvme.spec.NamespaceProtection;
import io.ringvault.nvme.spec.Opcode;
import io.ringvault.nvme.spec.SubmissionEntry;
import java.lang.foreign.MemorySegment;

/**
 * What a controller is asked about itself and its namespaces: NVM Express Base 2.1, section 5.1.13. Each answer is
 * copied once into private memory and checked there. Control plane, under the controller's lock; calls block.
 *
 * @param uri   of the device, for messages
 * @param admin where the questions go; another one after each reset
 */
record Identification(String uri, AdminQueue admin) {

    /** A private copy of what Identify answers. */
    MemorySegment ask(final String what, final int cns, final int nsid) {
        admin.clearData();
        admin.execute(what, Opcode.IDENTIFY, nsid, admin.dataAddress(), SubmissionEntry.dwords(cns, 0), 0);
        final MemorySegment copy = MemorySegment.ofArray(new long[PrpList.PAGE_BYTES / Long.BYTES]);
        copy.copyFrom(MemorySegment.ofArray(admin.copyOfData()));
        return copy;
    }

    /**
     * The namespace to use. The list of active identifiers starts above the one that is asked with, so one page finds
     * any of them.
     *
     * @param wanted  its identifier, or 0 for the first active one
     * @param highest the highest identifier that the controller can have
     */
    NamespaceFacts namespace(final int wanted, final long highest) {
        final MemorySegment active = ask("Identify active namespaces", ActiveNamespaceList.CNS,
            wanted == 0 ? 0 : wanted - 1);
        final int found = ActiveNamespaceList.namespace(active, 0);
        if (found == 0 || wanted != 0 && found != wanted) {
            throw StorageException.configuration("device '" + uri + "': "
                + (wanted == 0 ? "no active namespace; create and attach one"
                : "namespace " + Integer.toUnsignedString(wanted)
                + " is not active; leave ns out for the first that is"));
        }
        if (Integer.toUnsignedLong(found) > highest) {
            throw StorageException.io("device '" + uri + "': the controller lists namespace "
                + Integer.toUnsignedString(found) + ", but its highest is " + highest);
        }
        final MemorySegment identify = ask("Identify Namespace", IdentifyNamespace.CNS, found);
        final NamespaceFacts result = NamespaceFacts.of(uri, found, identify);
        if (result.protectionType() != 0 && !result.stripped()) {
            checkProtectionFormat(found, IdentifyNamespace.formatIndex(identify));
        }
        return result;
    }

    /** Controllers that do not know the question know no other format than guards of 16 bits either. */
    private void checkProtectionFormat(final int nsid, final int index) {
        final MemorySegment data;
        try {
            data = ask("Identify Namespace, NVM command set", NamespaceProtection.CNS, nsid);
        } catch (final StorageException refused) {
            if (admin.isDead()) {
                throw refused;
            }
            return;
        }
        if (NamespaceProtection.format(data, index) != NamespaceProtection.GUARD_16) {
            throw StorageException.configuration("device '" + uri + "': namespace " + Integer.toUnsignedString(nsid)
                + " is formatted with protection information of more than 16 guard bits; reformat it without"
                + " protection information, or with 16-bit guards");
        }
    }
}
