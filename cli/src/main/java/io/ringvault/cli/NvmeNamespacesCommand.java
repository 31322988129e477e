package io.ringvault.cli;

import io.ringvault.block.Sizes;
import io.ringvault.nvme.NvmeAdmin;
import java.io.PrintWriter;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The active namespaces and how they are formatted. */
@Command(name = "namespaces", aliases = "list-ns", mixinStandardHelpOptions = true,
    description = "List a controller's active namespaces with their size and format.")
final class NvmeNamespacesCommand implements Callable<Integer> {
    @Mixin
    private AdminOptions device;

    @Mixin
    private OutputOption output;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        final PrintWriter out = spec.commandLine().getOut();
        try (NvmeAdmin admin = device.open()) {
            final List<Map<String, Object>> list = new ArrayList<>();
            for (final int id : admin.namespaces()) {
                list.add(summary(id, admin.namespace(id)));
            }
            if (output.isJson()) {
                output.print(out, Map.of("nsid_list", list));
            } else {
                list.forEach(each -> out.println("namespace " + each.get("nsid") + "  " + each.get("size") + ", "
                    + each.get("nsze") + " blocks of " + each.get("sector_size") + " + " + each.get("ms")
                    + " bytes, format " + each.get("format") + ", protection " + each.get("dps")));
            }
        }
        return 0;
    }

    private static Map<String, Object> summary(final int id, final Map<String, Object> fields) {
        final long flbas = (Long) fields.get("flbas");
        final int format = (int) ((flbas >>> 5 & 3) << 4 | flbas & 0xF);
        final List<?> formats = (List<?>) fields.get("lbafs");
        final Map<?, ?> inUse = format < formats.size() ? (Map<?, ?>) formats.get(format) : Map.of("ds", 0, "ms", 0);
        final int shift = (Integer) inUse.get("ds");
        final Map<String, Object> map = new LinkedHashMap<>();
        map.put("nsid", Integer.toUnsignedLong(id));
        map.put("nsze", fields.get("nsze"));
        map.put("sector_size", shift < Long.SIZE - 1 ? 1L << shift : 0);
        map.put("ms", inUse.get("ms"));
        map.put("format", format);
        map.put("dps", (Long) fields.get("dps") & 7);
        final BigInteger bytes = new BigInteger(fields.get("nsze").toString()).shiftLeft(shift);
        map.put("size", bytes.bitLength() < Long.SIZE ? Sizes.formatRounded(bytes.longValue()) : "impossible");
        return map;
    }
}
