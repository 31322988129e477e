package io.ringvault.nvme.spec;

import static io.ringvault.nvme.spec.StructureFields.bytes;
import static io.ringvault.nvme.spec.StructureFields.number;
import static io.ringvault.nvme.spec.StructureFields.text;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What Identify says, field by field: the controller (NVM Express Base 2.1, section 5.1.13.2.1) and a namespace (NVM
 * Command Set 1.1, section 4.1.5.1). For people and scripts; the driver reads {@link IdentifyController} and {@link
 * IdentifyNamespace}.
 */
public final class IdentifyFields {
    /** Identify Controller, CNS 01h. */
    public static final StructureFields CONTROLLER = new StructureFields(List.of(
        number("vid", 0, 2), number("ssvid", 2, 2), text("sn", 4, 20), text("mn", 24, 40), text("fr", 64, 8),
        number("rab", 72, 1), number("ieee", 73, 3), number("cmic", 76, 1), number("mdts", 77, 1),
        number("cntlid", 78, 2), number("ver", 80, 4), number("rtd3r", 84, 4), number("rtd3e", 88, 4),
        number("oaes", 92, 4), number("ctratt", 96, 4), number("cntrltype", 111, 1), bytes("fguid", 112, 16),
        number("oacs", 256, 2), number("acl", 258, 1), number("aerl", 259, 1), number("frmw", 260, 1),
        number("lpa", 261, 1), number("elpe", 262, 1), number("npss", 263, 1), number("avscc", 264, 1),
        number("apsta", 265, 1), number("wctemp", 266, 2), number("cctemp", 268, 2), number("mtfa", 270, 2),
        number("hmpre", 272, 4), number("hmmin", 276, 4), number("tnvmcap", 280, 16), number("unvmcap", 296, 16),
        number("rpmbs", 312, 4), number("edstt", 316, 2), number("dsto", 318, 1), number("fwug", 319, 1),
        number("kas", 320, 2), number("hctma", 322, 2), number("mntmt", 324, 2), number("mxtmt", 326, 2),
        number("sanicap", 328, 4), number("sqes", 512, 1), number("cqes", 513, 1), number("maxcmd", 514, 2),
        number("nn", 516, 4), number("oncs", 520, 2), number("fuses", 522, 2), number("fna", 524, 1),
        number("vwc", 525, 1), number("awun", 526, 2), number("awupf", 528, 2), number("icsvscc", 530, 1),
        number("nwpc", 531, 1), number("acwu", 532, 2), number("ocfs", 534, 2), number("sgls", 536, 4),
        number("mnan", 540, 4), text("subnqn", 768, 256)));

    private static final StructureFields NAMESPACE = new StructureFields(List.of(
        number("nsze", 0, 8), number("ncap", 8, 8), number("nuse", 16, 8), number("nsfeat", 24, 1),
        number("nlbaf", 25, 1), number("flbas", 26, 1), number("mc", 27, 1), number("dpc", 28, 1),
        number("dps", 29, 1), number("nmic", 30, 1), number("rescap", 31, 1), number("fpi", 32, 1),
        number("dlfeat", 33, 1), number("nawun", 34, 2), number("nawupf", 36, 2), number("nacwu", 38, 2),
        number("nabsn", 40, 2), number("nabo", 42, 2), number("nabspf", 44, 2), number("noiob", 46, 2),
        number("nvmcap", 48, 16), number("npwg", 64, 2), number("npwa", 66, 2), number("npdg", 68, 2),
        number("npda", 70, 2), number("nows", 72, 2), number("mssrl", 74, 2), number("mcl", 76, 4),
        number("msrc", 80, 1), number("anagrpid", 92, 4), number("nsattr", 99, 1), number("nvmsetid", 100, 2),
        number("endgid", 102, 2), bytes("nguid", 104, 16), bytes("eui64", 120, 8)));

    private static final int MOST_FORMATS = 64;

    private IdentifyFields() {
    }

    /** A namespace with its formats ({@code lbafs}: metadata bytes, log2 of the block size, relative performance). */
    public static Map<String, Object> namespace(final MemorySegment copy) {
        final Map<String, Object> values = new LinkedHashMap<>(NAMESPACE.decode(copy));
        final List<Map<String, Object>> formats = new ArrayList<>();
        for (int i = 0; i < Math.min(MOST_FORMATS, IdentifyNamespace.formats(copy)); i++) {
            final Map<String, Object> format = new LinkedHashMap<>();
            format.put("ms", IdentifyNamespace.metadataBytes(copy, i));
            format.put("ds", IdentifyNamespace.blockShift(copy, i));
            format.put("rp", Wire.u8(copy, IdentifyNamespace.LBAF_OFFSET + 4L * i + 3) & 3);
            formats.add(format);
        }
        values.put("lbafs", formats);
        return values;
    }

    /** The fixed fields of a namespace, for tests of the layout. */
    static StructureFields namespaceFields() {
        return NAMESPACE;
    }
}
