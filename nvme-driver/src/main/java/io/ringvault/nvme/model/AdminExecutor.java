package io.ringvault.nvme.model;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Executes admin commands. Owned by the thread that serves the admin queue. */
final class AdminExecutor {
    /** The command is kept and never answered: an asynchronous event request. */
    static final int NO_COMPLETION = -1;

    private static final int PAGE = 4096;
    private static final int FEATURE_QUEUES = 7;
    private static final int FEATURES = 16;

    private final ControllerModel controller;
    private final ModelOptions options;
    private final Medium medium;
    private final PrpWalker prps;
    private final ModelLog log;
    private final int[] features = new int[FEATURES];
    private int result;

    AdminExecutor(final ControllerModel controller, final ModelOptions options, final Medium medium,
                  final DeviceMemory memory, final ModelLog log) {
        this.controller = controller;
        this.options = options;
        this.medium = medium;
        this.prps = new PrpWalker(memory, Math.max(PAGE, options.transferBytes()));
        this.log = log;
        features[6] = 1; // the volatile write cache is on
    }

    /** Dword 0 of the completion. */
    int result() {
        return result;
    }

    /** Executes the command last fetched; returns a {@link ModelStatus} or {@link #NO_COMPLETION}. */
    int execute(final SubmissionRing command) {
        result = 0;
        if (command.reservedFlags() != 0) {
            return ModelStatus.INVALID_FIELD;
        }
        final int queue = command.dword(10) & 0xFFFF;
        final int size = (command.dword(10) >>> 16) + 1;
        return switch (command.opcode()) {
            case 0x00 -> controller.queues().deleteSubmissionQueue(queue);
            case 0x01 -> createQueue(command, queue, size, true);
            case 0x02 -> logPage(command);
            case 0x04 -> controller.queues().deleteCompletionQueue(queue);
            case 0x05 -> createQueue(command, queue, size, false);
            case 0x06 -> identify(command);
            case 0x08 -> abort(command);
            case 0x09 -> setFeature(command);
            case 0x0A -> getFeature(command);
            case 0x0C -> controller.events().request(command.commandId()) ? NO_COMPLETION
                : ModelStatus.EVENT_REQUEST_LIMIT;
            case 0x7C -> shadowDoorbells(command);
            case 0x80 -> format(command);
            default -> ModelStatus.INVALID_OPCODE;
        };
    }

    /** Erases a namespace. The model's format is chosen when it is opened, so only that one can be asked for. */
    private int format(final SubmissionRing command) {
        final ModelFormat format = options.format();
        final int wanted = command.dword(10);
        final int ordinal = format.ordinal(command.namespace());
        if (ordinal < 0 && command.namespace() != -1) {
            return ModelStatus.INVALID_NAMESPACE;
        }
        if (medium.readOnly() || format.writeProtected()) {
            return ModelStatus.WRITE_PROTECTED;
        }
        if ((wanted >>> 9 & 7) > 2) {
            return ModelStatus.INVALID_FIELD;
        }
        final int index = wanted & 0xF | (wanted >>> 12 & 3) << 4;
        if (index != format.index() || (wanted >>> 4 & 1) != (format.extended() ? 1 : 0)
            || (wanted >>> 5 & 7) != format.protection()) {
            return ModelStatus.INVALID_FORMAT;
        }
        try {
            final long length = format.blocks(medium.sizeBytes(), options.blockBytes())
                * format.strideBytes(options.blockBytes());
            final int namespaces = format.namespaces().size();
            medium.zero(ordinal < 0 ? 0 : ordinal * length, ordinal < 0 ? namespaces * length : length);
            medium.flush();
            return ModelStatus.OK;
        } catch (final IOException failed) {
            return ModelStatus.WRITE_FAULT_FINAL;
        }
    }

    private int createQueue(final SubmissionRing command, final int queue, final int size, final boolean submission) {
        final boolean contiguous = (command.dword(11) & 1) != 0;
        if (!contiguous || (command.prp1() & PAGE - 1) != 0) {
            return contiguous ? ModelStatus.PRP_OFFSET_INVALID : ModelStatus.INVALID_FIELD;
        }
        if (size < 2 || size > options.queueEntries()) {
            return ModelStatus.INVALID_QUEUE_SIZE;
        }
        final ModelQueues queues = controller.queues();
        return submission ? queues.createSubmissionQueue(queue, size, command.prp1(), command.dword(11) >>> 16)
            : queues.createCompletionQueue(queue, size, command.prp1());
    }

    private int abort(final SubmissionRing command) {
        result = controller.queues().abort(command.dword(10) & 0xFFFF, command.dword(10) >>> 16) ? 0 : 1;
        return ModelStatus.OK;
    }

    private int shadowDoorbells(final SubmissionRing command) {
        if (!options.shadows()) {
            return ModelStatus.INVALID_OPCODE;
        }
        if (((command.prp1() | command.prp2()) & PAGE - 1) != 0) {
            return ModelStatus.INVALID_FIELD;
        }
        return controller.queues().shadowDoorbells(command.prp1(), command.prp2());
    }

    private int setFeature(final SubmissionRing command) {
        final int feature = command.dword(10) & 0xFF;
        final int value = command.dword(11);
        if (feature == 0 || feature >= FEATURES) {
            return ModelStatus.INVALID_FIELD;
        }
        if (feature == FEATURE_QUEUES) {
            final int most = options.queues() - 1;
            if ((value & 0xFFFF) == 0xFFFF || value >>> 16 == 0xFFFF) {
                return ModelStatus.INVALID_FIELD;
            }
            features[feature] = Math.min(value >>> 16, most) << 16 | Math.min(value & 0xFFFF, most);
            result = features[feature];
        } else {
            features[feature] = value;
        }
        return ModelStatus.OK;
    }

    private int getFeature(final SubmissionRing command) {
        final int feature = command.dword(10) & 0xFF;
        if (feature == 0 || feature >= FEATURES) {
            return ModelStatus.INVALID_FIELD;
        }
        result = features[feature];
        return ModelStatus.OK;
    }

    private int identify(final SubmissionRing command) {
        final MemorySegment page = MemorySegment.ofArray(new long[PAGE / 8]);
        final int namespace = command.namespace();
        switch (command.dword(10) & 0xFF) {
            case 0x00 -> {
                if (!named(namespace) && namespace != -1) {
                    return ModelStatus.INVALID_NAMESPACE;
                }
                if (namespace == -1 || options.format().ordinal(namespace) >= 0) {
                    IdentifyData.namespace(page, namespace, options, medium);
                    if (controller.change() != null) {
                        controller.change().apply(page);
                    }
                }
            }
            case 0x01 -> IdentifyData.controller(page, options);
            case 0x02 -> {
                if (Integer.compareUnsigned(namespace, -2) >= 0) {
                    return ModelStatus.INVALID_NAMESPACE;
                }
                long at = 0;
                final boolean detached = controller.change() != null && controller.change().detached();
                for (final int id : detached ? List.<Integer>of() : options.format().namespaces()) {
                    if (Integer.compareUnsigned(id, namespace) > 0 && at < PAGE) {
                        page.set(Words.DWORD, at, id);
                        at += 4;
                    }
                }
            }
            case 0x03, 0x05 -> { // descriptors: none; protection information: 16-bit guards
                if (!named(namespace)) {
                    return ModelStatus.INVALID_NAMESPACE;
                }
            }
            default -> {
                return ModelStatus.INVALID_FIELD;
            }
        }
        return toHost(command, page, PAGE);
    }

    /** Whether the identifier is possible; it need not be active. */
    private boolean named(final int namespace) {
        return namespace > 0 && namespace <= options.format().highest();
    }

    private int logPage(final SubmissionRing command) {
        final int page = command.dword(10) & 0xFF;
        final long length = ((command.dword(10) >>> 16 | (command.dword(11) & 0xFFFFL) << 16) + 1) * 4;
        if (page < 1 || page > 4) {
            return ModelStatus.INVALID_LOG_PAGE;
        }
        if (length > PAGE) {
            return ModelStatus.INVALID_FIELD;
        }
        if ((command.dword(10) >>> 15 & 1) == 0) {
            controller.events().logRead(page);
        }
        final MemorySegment data = MemorySegment.ofArray(new long[PAGE / 8]);
        switch (page) {
            case 1 -> log.errors(data);
            case 2 -> log.smart(data);
            case 3 -> ModelLog.firmware(data);
            default -> {
                if (controller.change() != null) {
                    data.set(Words.DWORD, 0, -1); // more namespaces than fit: all may have changed
                }
            }
        }
        return toHost(command, data, (int) length);
    }

    private int toHost(final SubmissionRing command, final MemorySegment data, final int lengthBytes) {
        final int walked = prps.walk(command.prp1(), command.prp2(), lengthBytes);
        if (walked != ModelStatus.OK) {
            return walked;
        }
        long done = 0;
        for (int run = 0; run < prps.runs(); run++) {
            MemorySegment.copy(data, done, prps.segment(run), prps.offset(run), prps.length(run));
            done += prps.length(run);
        }
        return ModelStatus.OK;
    }
}
